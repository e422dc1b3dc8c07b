/**
 * A name or an id as a part of a path. A URL drops an empty part and dots, and would be that of another route.
 * @param {string} name
 */
export function segment(name: string): string;
/**
 * Refuses text where a list of words belongs, which text would be taken for.
 * @param {string} name
 * @param {unknown} value
 */
export function checkWords(name: string, value: unknown): void;
/** Seconds to wait for a response or a start, 0 for no limit. @param {string | undefined} value */
export function chosenTimeout(value: string | undefined): number;
/** Seconds as milliseconds of a timer: Node makes 1 of more than 2 ** 31 - 1. @param {number} seconds */
export function milliseconds(seconds: number): number;
export const TIMEOUT: "EMULATOR_CLIENT_TIMEOUT";
export const DEFAULT_WORLD: "default";
export const WORLD_HEADER: "X-Emulator-World";
/** @typedef {import('./types.js').Paths} Paths */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */
/**
 * What `METHOD /_emulator/PATH` returns, where the path is one of the control API's.
 * @template {string} Path
 * @template {string} Method
 * @typedef {`/_emulator${Path}` extends keyof Paths
 *   ? Paths[`/_emulator${Path}`] extends Record<Method, {responses: infer R}>
 *     ? R extends Record<200 | 201, {content: {'application/json': infer Body}}> ? Body
 *     : R extends Record<200, {content: {'application/json': infer Body}}> ? Body
 *     : R extends Record<201, {content: {'application/json': infer Body}}> ? Body : any
 *     : any
 *   : any} Returned
 */
/**
 * The client of the control API, on behalf of one world.
 *
 * It uses `node:http` and not `fetch`, which tests replace, and which environments such as jsdom lack.
 */
export class Control {
    /**
     * @param {string} url
     * @param {string} [world]
     * @param {string} [token]
     */
    constructor(url: string, world?: string, token?: string);
    /** The name of the world. */
    world: string;
    /** The server's URL, without a slash at its end. */
    get url(): string;
    /** The token that it sends, if any. */
    get token(): string | undefined;
    /** The same server and another world. @param {string} world */
    of(world: string): Control;
    /**
     * What a resource holds; `path` is that of the control API without `/_emulator`.
     * @template {string} Path
     * @param {Path} path
     * @param {Query} [query]
     * @returns {Promise<Returned<Path, 'get'>>}
     */
    get<Path extends string>(path: Path, query?: Query): Promise<Returned<Path, "get">>;
    /**
     * @template {string} Path
     * @param {Path} path
     * @param {unknown} [body]
     * @returns {Promise<Returned<Path, 'post'>>}
     */
    post<Path extends string>(path: Path, body?: unknown): Promise<Returned<Path, "post">>;
    /**
     * @template {string} Path
     * @param {Path} path
     * @param {unknown} body
     * @returns {Promise<Returned<Path, 'put'>>}
     */
    put<Path extends string>(path: Path, body: unknown): Promise<Returned<Path, "put">>;
    /**
     * @template {string} Path
     * @param {Path} path
     * @returns {Promise<Returned<Path, 'delete'>>}
     */
    delete<Path extends string>(path: Path): Promise<Returned<Path, "delete">>;
    /**
     * Any request; a wait, which the server ends by itself, has no time limit here.
     * @param {string} method
     * @param {string} path
     * @param {unknown} [body]
     * @param {boolean} [waits]
     * @returns {Promise<{status: number, body: any}>}
     */
    send(method: string, path: string, body?: unknown, waits?: boolean): Promise<{
        status: number;
        body: any;
    }>;
    /** Closes the connections. */
    close(): void;
    #private;
}
export type Paths = import("./types.js").Paths;
export type Query = Record<string, string | number | boolean | null | undefined>;
/**
 * What `METHOD /_emulator/PATH` returns, where the path is one of the control API's.
 */
export type Returned<Path extends string, Method extends string> = `/_emulator${Path}` extends keyof Paths ? Paths[`/_emulator${Path}`] extends Record<Method, {
    responses: infer R;
}> ? R extends Record<200 | 201, {
    content: {
        "application/json": infer Body;
    };
}> ? Body : R extends Record<200, {
    content: {
        "application/json": infer Body;
    };
}> ? Body : R extends Record<201, {
    content: {
        "application/json": infer Body;
    };
}> ? Body : any : any : any;
