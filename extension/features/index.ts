/** The features, in the order in which they start. */
import type { Feature } from "../services.ts";
import { benchmark } from "./benchmark.ts";
import { buffersTree } from "./buffers-tree.ts";
import { commandLine } from "./command-line.ts";
import { compare } from "./compare.ts";
import { contextKeys } from "./context-keys.ts";
import { hotLines } from "./hot-lines.ts";
import { inspector } from "./inspector.ts";
import { assemblyHover } from "./assembly-hover.ts";
import { irLanguage } from "./ir-language.ts";
import { kernelsTree } from "./kernels-tree.ts";
import { links } from "./links.ts";
import { options } from "./options.ts";
import { passesTree } from "./passes-tree.ts";
import { probe } from "./probe.ts";
import { problems } from "./problems.ts";
import { start } from "./start.ts";
import { statusBar } from "./status-bar.ts";
import { stepping } from "./stepping.ts";
import { texts } from "./texts.ts";
import { virtualDocuments } from "./virtual-documents.ts";

export const features: readonly Feature[] = [
  contextKeys,
  inspector,
  virtualDocuments,
  passesTree,
  kernelsTree,
  buffersTree,
  stepping,
  texts,
  options,
  compare,
  benchmark,
  probe,
  statusBar,
  problems,
  assemblyHover,
  hotLines,
  irLanguage,
  links,
  commandLine,
  start,
];
