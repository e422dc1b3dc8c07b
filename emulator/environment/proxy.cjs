// For Node: sends what http, https and fetch ask through the proxy of HTTP_PROXY and HTTPS_PROXY. Node from 24.5 and 22.21
// on does so itself with NODE_USE_ENV_PROXY=1, for its global agents and for fetch; those are left alone here, by what they
// show and not by their version. Agents of the program's own, and all of older Nodes, are served here.
// Whatever fails here is ignored: it must not end the program, which may lack permissions that Node or Deno ask for.
'use strict';

function install() {
  const http = require('node:http');
  const https = require('node:https');
  const net = require('node:net');
  const tls = require('node:tls');

  const env = process.env;
  const proxies = {
    'http:': env.http_proxy || env.HTTP_PROXY,
    'https:': env.https_proxy || env.HTTPS_PROXY,
  };
  const direct = (env.no_proxy || env.NO_PROXY || '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((each) => each.toLowerCase().replace(/^\*?\./, ''));

  function proxyFor(protocol, host) {
    const name = String(host).toLowerCase().replace(/^\[|\]$/g, '');
    const left = direct.some((each) => each === '*' || name === each || name.endsWith(`.${each}`));
    if (left || !proxies[protocol]) return null;
    const { origin, hostname, port } = new URL(proxies[protocol]);
    return { origin, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
  }

  // A tunnel to host:port (RFC 9110 section 9.3.6); what the proxy says when it refuses becomes the error.
  function tunnel(proxy, host, port, done) {
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const socket = net.connect(proxy.port, proxy.host);
    let head = Buffer.alloc(0);
    const fail = (error) => {
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      done(error);
    };
    const ended = () => fail(new Error(`the proxy closed the connection before there was a tunnel to ${authority}`));
    const read = (data) => {
      head = Buffer.concat([head, data]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const status = Number(head.toString('latin1', 0, end).split(' ')[1]);
      if (status !== 200) {
        const said = head.toString('utf8', end + 4).trim();
        fail(Object.assign(new Error(`the proxy refused a tunnel to ${authority} with ${status}${said && `: ${said}`}`), { code: 'ERR_PROXY_TUNNEL' }));
        return;
      }
      socket.removeListener('data', read);
      socket.removeListener('error', fail);
      socket.removeListener('end', ended);
      socket.pause();
      if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
      done(null, socket);
    };
    socket.on('error', fail);
    socket.on('end', ended);
    socket.on('data', read);
    socket.on('connect', () => socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`));
  }

  function secured(proxy, options, done) {
    const host = options.host || options.hostname || 'localhost';
    tunnel(proxy, host, options.port || 443, (error, socket) => {
      if (error) return done(error);
      const servername = options.servername || (net.isIP(host) ? '' : host);
      const safe = tls.connect({ ...options, socket, servername, host, path: undefined });
      safe.once('error', done);
      safe.once('secureConnect', () => {
        safe.removeListener('error', done);
        done(null, safe);
      });
    });
  }

  const knowsProxies = (agent) => Boolean(agent && agent.options && agent.options.proxyEnv);
  const isPath = (options) => Boolean(options.socketPath);

  const connectSecurely = https.Agent.prototype.createConnection;
  https.Agent.prototype.createConnection = function createConnection(...given) {
    const [options, done] = given;
    const usual = typeof options !== 'object' || typeof done !== 'function' || knowsProxies(this) || isPath(options);
    const proxy = usual ? null : proxyFor('https:', options.host || options.hostname);
    if (!proxy) return connectSecurely.apply(this, given);
    secured(proxy, options, done);
    return undefined;
  };

  // Plain requests name the whole URL, and go to the proxy as they are (RFC 9112 section 3.2.2).
  const add = http.Agent.prototype.addRequest;
  http.Agent.prototype.addRequest = function addRequest(request, options, ...more) {
    if (this.protocol === 'http:' && typeof options === 'object' && !knowsProxies(this) && !isPath(options)) {
      const host = options.host || options.hostname || 'localhost';
      const proxy = proxyFor('http:', host);
      if (proxy && !request._header && request.path.startsWith('/')) {
        request.path = `http://${request.getHeader('host') || host}${request.path}`;
      }
      if (proxy) {
        const there = { host: proxy.host, hostname: proxy.host, port: proxy.port };
        return add.call(this, request, { ...options, ...there }, ...more);
      }
    }
    return add.call(this, request, options, ...more);
  };

  // fetch: its dispatcher can be had where it keeps it, and makes another of its kind with a way to connect of our own.
  const KEPT = Symbol.for('undici.globalDispatcher.1');
  function routeFetch() {
    if (typeof fetch !== 'function') return;
    void globalThis.Response; // until something of fetch is looked at, there is no dispatcher
    if (!globalThis[KEPT]) fetch('data:,').catch(() => {});
    const kept = globalThis[KEPT];
    if (!kept || kept.constructor.name !== 'Agent') return;
    const Agent = kept.constructor;
    const straight = kept;
    const tunnelled = new Agent({
      connect(options, done) {
        const proxy = proxyFor('https:', options.hostname);
        secured(proxy, { host: options.hostname, port: options.port || 443, servername: options.servername, ALPNProtocols: ['http/1.1'] }, done);
      },
    });
    class Routed extends Agent {
      dispatch(options, handler) {
        const origin = new URL(String(options.origin));
        const proxy = proxyFor(origin.protocol, origin.hostname);
        if (!proxy) return straight.dispatch(options, handler);
        if (origin.protocol === 'https:') return tunnelled.dispatch(options, handler);
        const path = `${origin.origin}${options.path}`;
        return straight.dispatch({ ...options, origin: proxy.origin, path, headers: withHost(options.headers, origin.host) }, handler);
      }
    }
    globalThis[KEPT] = new Routed();
  }

  function withHost(headers, host) {
    if (Array.isArray(headers)) return [...headers, 'host', host];
    return { ...headers, host };
  }

  routeFetch();
  require('node:module').syncBuiltinESMExports();
}

// Deno heeds the variables itself, and would ask its user for the permission to read them here.
const refused = typeof Deno === 'object' && Deno.permissions.querySync({ name: 'env' }).state !== 'granted';
try {
  if (!refused) install();
} catch {}
