/**
 * Starts a server on a free port, and returns when it accepts requests.
 *
 * Throws an Error that says what was looked for if there is no emulator, and what it wrote if it did not start.
 * @param {StartOptions} [options]
 */
export function startServer(options?: StartOptions): Promise<Server>;
/**
 * Where an emulator may be: the virtual environment of the project first. Its shorter command, `emulator`, is not
 * looked for, because that of the Android SDK has the same name.
 * @param {string} folder
 */
export function commandsFrom(folder: string): string[][];
/**
 * A server that ends with this process: it stops when its standard input closes, however this process ends.
 */
export class Server {
    /**
     * @param {Child} child
     * @param {string} url
     * @param {string} [token]
     */
    constructor(child: Child, url: string, token?: string);
    /** The token of its control API, if it has one: that of its options, or one of its own. */
    token: string | undefined;
    /** The server's URL, such as `http://127.0.0.1:40123`. */
    url: string;
    /** Stops it, and waits until it has ended. */
    stop(): Promise<void>;
    #private;
}
export type StartOptions = import("./types.js").StartOptions;
export type Child = import("node:child_process").ChildProcessWithoutNullStreams;
