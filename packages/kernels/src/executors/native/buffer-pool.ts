/**
 * Float32 buffers kept for the next tensor of the same size: a fresh one is zeroed and page-faulted, which costs more than many
 * kernels. Holds at most `limitBytes`; beyond that the sizes used longest ago are let go.
 */
export class BufferPool {
  private readonly free = new Map<number, Float32Array[]>()
  private bytes = 0
  private readonly limitBytes: number

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** A buffer of `length` floats; its content is undefined. */
  take(length: number): Float32Array {
    const buffer = this.free.get(length)?.pop()
    if (buffer === undefined) return new Float32Array(length)
    this.bytes -= buffer.byteLength
    return buffer
  }

  /** Gives back a buffer that nobody else holds. */
  give(buffer: Float32Array): void {
    const same = this.free.get(buffer.length)
    if (same) {
      same.push(buffer)
      // Most recently used size last.
      this.free.delete(buffer.length)
      this.free.set(buffer.length, same)
    } else {
      this.free.set(buffer.length, [buffer])
    }
    this.bytes += buffer.byteLength
    while (this.bytes > this.limitBytes) this.evict()
  }

  get heldBytes(): number {
    return this.bytes
  }

  private evict(): void {
    for (const [length, buffers] of this.free) {
      const buffer = buffers.pop()
      if (buffers.length === 0) this.free.delete(length)
      if (buffer) {
        this.bytes -= buffer.byteLength
        return
      }
    }
    this.bytes = 0
  }
}
