// Maximum memory of this process: buffers are outside the heap, whose bound is an option of node.

let buffersMax = 0;

export const memory = {
    look() { buffersMax = Math.max(buffersMax, process.memoryUsage().arrayBuffers); },
    /** Bytes. */
    seen() {
        memory.look();
        return { buffersMax, residentMax: process.resourceUsage().maxRSS * 1024 };
    },
};
