/**
 * Random access to the bytes of a file. Offsets are plain numbers, exact up to 2^53, so files beyond 2 GB work.
 * Implementations: `memorySource` here, `openFileSource` in `#core/io`.
 */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the range is inside the file (callers check). The result must not be written to. */
  read(offset: number, length: number): Uint8Array;
}

/** A byte source over an array; reads are views, not copies. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Where bytes are written in order. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
}

/** A sink that keeps everything; `bytes()` joins it. */
export function memorySink(): ByteSink & { bytes(): Uint8Array } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    write: (bytes) => {
      chunks.push(bytes.slice());
      length += bytes.length;
    },
    bytes: () => {
      const whole = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      return whole;
    },
  };
}
