// Serves the front end, as its own development server would.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

createServer(async (request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end(await readFile(new URL('chat.html', import.meta.url)));
}).listen(process.env.PORT ?? 5173, '127.0.0.1');
