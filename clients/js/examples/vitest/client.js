// The client under test.
import { createHmac, timingSafeEqual } from 'node:crypto';

const MESSAGE = { model: 'apex-haiku-4-20250401', messages: [{ role: 'user', content: 'Name three colours.' }] };

export class Client {
  /** `auth` are the headers that show who asks; `sleep` takes seconds. */
  constructor(url, auth, sleep) {
    Object.assign(this, { url, auth, sleep });
  }

  call(path, body) {
    const headers = { 'Content-Type': 'application/json', ...this.auth };
    return fetch(this.url + path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  }

  /** Asks, and once more when the service says how long to wait. */
  async ask() {
    const response = await this.call('/messages', MESSAGE);
    if (response.status !== 429) return response;
    await this.sleep(Number(response.headers.get('Retry-After')));
    return this.call('/messages', MESSAGE);
  }

  /** The text of a stream. Throws an Error if its end is missing. */
  async stream() {
    const response = await this.call('/messages/stream', MESSAGE);
    const text = await response.text().catch(() => '');
    if (!text.includes('"message_stop"')) throw new Error('the stream is incomplete');
    return text;
  }

  /** Waits for a batch. Throws an Error if it has not ended after `most` looks. */
  async batch(most, webhook) {
    const created = await this.call('/batch', { requests: [MESSAGE], webhook_url: webhook });
    const { id } = await created.json();
    for (let look = 0; look < most; look += 1) {
      const { status } = await (await this.call(`/batch/${id}`)).json();
      if (status === 'completed') return id;
      await this.sleep(10);
    }
    throw new Error(`${id} takes too long`);
  }

  /** The ids of all models; a token that has expired is fetched anew, once. */
  async models() {
    if (!this.token) await this.fetchToken();
    let response = await this.list();
    if (response.status === 401) {
      await this.fetchToken();
      response = await this.list();
    }
    return (await response.json()).data.map(({ id }) => id);
  }

  list() {
    return fetch(`${this.url}/models`, { headers: { ...this.auth, Authorization: `Bearer ${this.token}` } });
  }

  async fetchToken() {
    const form = { grant_type: 'client_credentials', client_id: 'demo-enterprise', client_secret: 'demo-secret' };
    const body = new URLSearchParams(form);
    const response = await fetch(`${this.url}/oauth/token`, { method: 'POST', headers: this.auth, body });
    this.token = (await response.json()).access_token;
  }
}

/** Whether a webhook is signed as Standard Webhooks says; `secret` begins with whsec_. */
export function isSigned(secret, headers, body) {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const wanted = createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(content).digest();
  return headers['webhook-signature'].split(' ').some((each) => {
    const given = Buffer.from(each.replace('v1,', ''), 'base64');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
