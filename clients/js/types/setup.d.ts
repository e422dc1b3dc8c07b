/**
 * The global set-up of vitest and Playwright: starts one server for all tests, on a free port, and returns what stops
 * it. If `EMULATOR_URL` is set, it uses the one that runs there, and fails if none does.
 */
export default function setUp(): Promise<() => Promise<void>>;
