/** The global set-up of jest. */
export default function globalSetup(): Promise<void>;
export const TEAR_DOWN: unique symbol;
