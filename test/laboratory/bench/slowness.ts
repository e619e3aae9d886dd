/** How long a store is made to wait before it does its work, in milliseconds. */
export const SLOWNESS_MILLISECONDS = { D1: 30, R2: 60, queue: 40 };
