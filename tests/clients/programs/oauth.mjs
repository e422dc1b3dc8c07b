// Client credentials by openid-client and oauth4webapi, basic and post: a token, and the models that it may list.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const installed = createRequire(`${process.env.NODE_PATH}/`);
const load = (name) => import(pathToFileURL(installed.resolve(name)));
const [openid, oauth] = await Promise.all([load('openid-client'), load('oauth4webapi')]);
const base = process.env.AIEXPORT_BASE_URL;
const [id, secret] = ['demo-enterprise', 'demo-secret'];
const server = { issuer: base, token_endpoint: `${base}/oauth/token` };

async function models(token) {
  const answer = await fetch(`${base}/models`, { headers: { Authorization: `Bearer ${token.access_token}` } });
  return { type: token.token_type.toLowerCase(), expires_in: token.expires_in, models: (await answer.json()).data.length };
}

async function byOpenid(authentication) {
  const configuration = new openid.Configuration(server, id, secret, authentication);
  openid.allowInsecureRequests(configuration);
  return models(await openid.clientCredentialsGrant(configuration));
}

async function byOauth(authentication) {
  const client = { client_id: id };
  const options = { [oauth.allowInsecureRequests]: true };
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, options);
  return models(await oauth.processClientCredentialsResponse(server, client, answer));
}

console.log(JSON.stringify({
  'openid-client, basic': await byOpenid(openid.ClientSecretBasic(secret)),
  'openid-client, post': await byOpenid(openid.ClientSecretPost(secret)),
  'oauth4webapi, basic': await byOauth(oauth.ClientSecretBasic(secret)),
  'oauth4webapi, post': await byOauth(oauth.ClientSecretPost(secret)),
}));
