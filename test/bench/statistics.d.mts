// The types of statistics.mjs, for the modules of the bench that are TypeScript.

export function percentile(values: readonly number[], p: number): number;
export function median(values: readonly number[]): number;
