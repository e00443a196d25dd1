/** A file, read block by block: no more of it is held than what is being looked at. */

import type { Bytes } from "bindings";

/** The room for a block; the browser has about as much ready at once. */
const BLOCK_BYTES = 1024 * 1024;

/** What is kept ready beyond what may be read: more than a frame, or than is read ahead of one. */
const RESERVE_BYTES = 1024 * 1024;

/** The bytes of a file, some of which are always there to be read without waiting. */
export class FileBytes implements Bytes {
    /** What has been read and not yet taken. */
    private readonly ready: Block[] = [];
    private readyBytes = 0;
    /** How many bytes have been taken. */
    private taken = 0;
    /** What follows those that are ready. */
    private blocks: Blocks | undefined;
    private ended = false;
    /** Why it ended before its end. */
    private failure: unknown;

    constructor(
        private readonly file: File,
        private readonly tell: (count: number) => void,
    ) {}

    /** Waits until more is ready; says how much is to be read before the next call. */
    async load(): Promise<number> {
        while (!this.ended && this.readyBytes <= RESERVE_BYTES) {
            this.blocks ??= new Blocks(this.file.slice(this.taken + this.readyBytes));
            try {
                this.add(await this.blocks.next());
            } catch (error) {
                this.failure = error;
                this.ended = true;
            }
        }
        // One more than there is: the end.
        return this.ended ? this.readyBytes + 1 : this.readyBytes - RESERVE_BYTES;
    }

    read(room: Uint8Array): number {
        const block = this.ready[0] ?? this.readBeyond();
        const bytes = block.subarray(0, room.length);
        room.set(bytes);
        this.taken += bytes.length;
        this.readyBytes -= bytes.length;
        if (bytes.length < block.length) {
            this.ready[0] = block.subarray(bytes.length);
        } else if (this.ready.shift() !== undefined) {
            this.blocks?.takeBack(block);
        }
        this.tell(bytes.length);
        return bytes.length;
    }

    private add(block: Block | undefined) {
        if (block === undefined) {
            this.ended = true;
        } else {
            this.ready.push(block);
            this.readyBytes += block.length;
        }
    }

    /** Reads a block without waiting, where more is needed than was ready. */
    private readBeyond(): Block {
        if (this.failure !== undefined) {
            throw this.failure;
        }
        const slice = this.file.slice(this.taken, this.taken + BLOCK_BYTES);
        const block = new Uint8Array(new FileReaderSync().readAsArrayBuffer(slice));
        if (block.length > 0) {
            this.add(block);
            // It stands where this block begins.
            this.blocks?.cancel();
            this.blocks = undefined;
        }
        return block;
    }
}

type Block = Uint8Array<ArrayBuffer>;

/** The blocks of a file, one after the other. */
class Blocks {
    private readonly reader: ReadableStreamGenericReader;
    private readonly fill: (buffer: ArrayBuffer) => Promise<ReadableStreamReadResult<Block>>;
    /** Buffers to be filled again, so that the browser need not find new memory for each block. */
    private readonly free: ArrayBuffer[] = [];

    constructor(file: Blob) {
        const stream = file.stream();
        try {
            const reader = stream.getReader({ mode: "byob" });
            this.fill = (buffer) => reader.read(new Uint8Array(buffer));
            this.reader = reader;
        } catch {
            // Safari before 26.4 fills no buffers but its own.
            const reader = stream.getReader();
            this.fill = () => reader.read();
            this.reader = reader;
        }
    }

    /** The next block; `undefined` at the end. */
    async next(): Promise<Block | undefined> {
        const buffer = this.free.pop() ?? new ArrayBuffer(BLOCK_BYTES);
        const { done, value } = await this.fill(buffer);
        return done ? undefined : value;
    }

    /** Takes back a block that is not needed any more. */
    takeBack(block: Block) {
        this.free.push(block.buffer);
    }

    cancel() {
        // Nothing more is wanted of it, not even why that may fail.
        this.reader.cancel().catch(() => undefined);
    }
}
