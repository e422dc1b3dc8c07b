/**
 * The variables by which a process calls a world: its own, and those that each API's client reads.
 * @param {import('./emulator.js').Emulator} world
 * @param {import('./types.js').Api[]} apis
 * @param {{api?: string, tier?: string}} options
 */
export function environmentOf(world: import("./emulator.js").Emulator, apis: import("./types.js").Api[], { api, tier }: {
    api?: string;
    tier?: string;
}): Promise<{
    [x: string]: string;
}>;
