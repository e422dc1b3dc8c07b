/** The global tear-down of jest. */
export default function globalTeardown(): Promise<void>;
