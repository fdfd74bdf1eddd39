/** Layouts on demand, off the page's thread. A new question ends the old one. */
/// <reference path="../text-modules.d.ts" />
import workerSource from "./layout.worker.ts?worker-text";
import type { ToLayout } from "./layout.worker.ts";
import type { LayoutInput, Placement } from "./types.ts";

/** Rejection of a question that another one replaced. */
export class Superseded extends Error {}

interface Question {
  readonly id: number;
  readonly resolve: (placement: Placement) => void;
  readonly reject: (error: Error) => void;
}

/** A worker from embedded text: nothing is fetched, which a webview's policy and its service worker would make fragile. */
export function workerFromText(source: string): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return worker;
}

/** What one worker is asked; the last question counts. */
export class Layouter {
  private worker: Worker | undefined;
  private open: Question | undefined;
  private nextId = 1;

  /** Resolves with the placement; rejects with `Superseded` when asked again or cancelled before. */
  layout(input: LayoutInput, countCrossings = false): Promise<Placement> {
    this.cancel();
    const worker = (this.worker ??= this.start());
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.open = { id, resolve, reject };
      worker.postMessage({ id, input, countCrossings } satisfies ToLayout);
    });
  }

  /** The worker gives up between two sweeps, and keeps what it knows of frames. */
  cancel(): void {
    if (!this.open) return;
    this.worker?.postMessage({ cancel: this.open.id } satisfies ToLayout);
    this.open.reject(new Superseded("superseded"));
    this.open = undefined;
  }

  private start(): Worker {
    const worker = workerFromText(workerSource);
    worker.onmessage = ({ data }: MessageEvent<{ id: number; placement: Placement }>) => {
      if (this.open?.id !== data.id) return;
      const { resolve } = this.open;
      this.open = undefined;
      resolve(data.placement);
    };
    worker.onerror = (event) => {
      this.open?.reject(new Error(event.message));
      this.open = undefined;
      this.worker?.terminate();
      this.worker = undefined;
    };
    return worker;
  }
}
