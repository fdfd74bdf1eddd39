/**
 * Seeded random numbers that are the same on every platform: integer arithmetic and exact float operations only (no Math.log or
 * Math.cos, whose last bits differ between engines).
 */

/** A generator of 32-bit words: xorshift128 (Marsaglia 2003), seeded through FNV-1a of a name. */
export class Random {
  private x: number;
  private y: number;
  private z: number;
  private w: number;

  constructor(seed: string) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.x = hash >>> 0 || 1;
    this.y = (hash ^ 0x9e3779b9) >>> 0;
    this.z = Math.imul(hash, 0x85ebca6b) >>> 0;
    this.w = (Math.imul(hash, 0xc2b2ae35) ^ 0x27d4eb2f) >>> 0;
    for (let i = 0; i < 16; i++) this.word();
  }

  word(): number {
    const t = this.x ^ (this.x << 11);
    this.x = this.y;
    this.y = this.z;
    this.z = this.w;
    this.w = (this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return this.w;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.word() / 0x100000000;
  }

  /** Whole number in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** Zero mean, unit variance, bounded by 2.45: the sum of two uniform halves of a word (a triangular distribution). */
  bell(): number {
    const word = this.word();
    return ((word >>> 16) + (word & 0xffff) - 0xffff) * bellScale;
  }
}

/** The sum of two uniforms on [0, 65536) has the standard deviation 65536 * sqrt(1/6). */
const bellScale = Math.sqrt(6) / 65536;
