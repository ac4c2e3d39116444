// What this process took at most: buffers lie outside the heap, whose bound is set from outside.

let buffersMax = 0;

export const memory = {
    look() { buffersMax = Math.max(buffersMax, process.memoryUsage().arrayBuffers); },
    /** Bytes. */
    seen() {
        memory.look();
        return { buffersMax, residentMax: process.resourceUsage().maxRSS * 1024 };
    },
};
