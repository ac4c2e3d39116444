// Time and randomness, replaceable by tests.

/** The system's clock and randomness. `now` is in milliseconds and never goes back. */
export const systemClock = {
    now: () => performance.now(),

    /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
    sleep(ms, signal) {
        return new Promise((resolve, reject) => {
            if (signal?.aborted) return reject(signal.reason);
            const aborted = () => {
                clearTimeout(timer);
                reject(signal.reason);
            };
            const timer = setTimeout(() => {
                signal?.removeEventListener('abort', aborted);
                resolve();
            }, ms);
            signal?.addEventListener('abort', aborted, { once: true });
        });
    },

    random: () => Math.random(),
};
