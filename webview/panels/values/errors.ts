/** What bytes or bf16 cost, tensor by tensor: the worst first. */
import type { ErrorReport, TensorError } from "#protocol";
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { digits, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { note } from "../bench/parts.ts";
import { errorText, tensorTable } from "./tensor-table.ts";

export function errorReport(app: App, r: ErrorReport): HTMLElement {
  const worst = r.tensors[0];
  const what = r.precision === "bf16" ? t("bf16 products against f32") : t("Quantised tensors against the float model");
  return el(
    "div",
    { class: "tensor-report" },
    el(
      "h3",
      {},
      worst ? t("{0}: the worst of {1} has {2}", what, r.tensors.length, decibels(worst.sqnrDb)) : t("{0}: no tensor is in memory", what),
    ),
    note(
      r.reference === "f64"
        ? t("The float values are an evaluation in f64. SQNR: power of the signal over that of the error; 6 dB are one bit.")
        : t(
            "The float values are those of our own code in f32 ({0}). SQNR: power of the signal over that of the error; 6 dB are one bit.",
            visible(r.because ?? ""),
          ),
    ),
    r.precision === "quantised" &&
      note(
        t(
          "What lies outside of the ranges that the model was calibrated for is cut off: only data like that of the calibration says how good it is.",
        ),
      ),
    r.outputs.length > 0 && el("h4", {}, t("Outputs of the model")),
    r.outputs.length > 0 && errorTable(app, "Errors of the outputs", r.outputs),
    el("h4", {}, t("Every tensor in memory, the worst first")),
    errorTable(app, "Errors of the tensors", r.tensors),
  );
}

const errorTable = (app: App, caption: string, rows: readonly TensorError[]): HTMLElement =>
  tensorTable(app, caption, rows, [
    { title: "SQNR", cell: ({ sqnrDb }) => decibels(sqnrDb) },
    { title: "Greatest error", cell: ({ maxAbs }) => errorText(maxAbs) },
    { title: "Relative", cell: ({ maxRel }) => `${digits(100 * maxRel)} %` },
    { title: "Mean error", cell: ({ meanAbs }) => errorText(meanAbs) },
  ]);

const decibels = (db: number): string => (db === Infinity ? t("exact") : Number.isFinite(db) ? `${db.toFixed(1)} dB` : t("no signal"));
