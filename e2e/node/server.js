'use strict';
// A Coffer process under test: started on a free port with a fresh data directory, stopped by its own handle.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ACCOUNT = '1234567890123456';
const ROOT = { id: 'LTAI5tRootOfTheTests0000', secret: 'root-secret-of-the-tests-000000' };
const REGION = 'cn-hangzhou';
const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 20_000;

class Server {
  constructor(directory, { options = [], toml = '' } = {}) {
    this.directory = directory;
    this.data = path.join(directory, 'data');
    this.options = options;
    this.toml = toml;
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  /** The authority's certificate, as text. */
  get ca() {
    return fs.readFileSync(path.join(this.data, 'ca.pem'), 'utf8');
  }

  async start() {
    const binary = process.env.COFFER_BINARY;
    if (!binary) throw new Error('COFFER_BINARY names no server to test');
    const command = ['serve', '--listen', '127.0.0.1:0', '--data', this.data, ...this.options];
    if (this.toml) {
      const config = path.join(this.directory, 'coffer.toml');
      fs.writeFileSync(config, this.toml);
      command.push('--config', config);
    }
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('COFFER_'));
    const env = {
      ...Object.fromEntries(inherited),
      COFFER_ROOT_ACCESS_KEY_ID: ROOT.id,
      COFFER_ROOT_ACCESS_KEY_SECRET: ROOT.secret,
      COFFER_ACCOUNT_ID: ACCOUNT,
    };
    const log = fs.openSync(path.join(this.directory, 'log'), 'a');
    this.process = spawn(path.resolve(binary), command, { env, stdio: ['ignore', 'pipe', log] });
    fs.closeSync(log);
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.port = await this.announcedPort();
    const ready = await fetch(`http://${this.address}/health/ready`);
    if (ready.status !== 200) throw new Error(`the server is not ready: ${ready.status}`);
    return this;
  }

  /** The port that the server picked, from what it prints. */
  announcedPort() {
    return new Promise((resolve, reject) => {
      let printed = '';
      const timer = setTimeout(() => reject(new Error('the server announced no endpoint')), READY_WITHIN_MS);
      this.process.stdout.on('data', (chunk) => {
        printed += chunk;
        const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(printed);
        if (!found) return;
        clearTimeout(timer);
        resolve(Number(found[1]));
      });
      this.process.once('error', reject);
      this.process.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended early with ${code}`));
      });
    });
  }

  async stop() {
    if (!this.process) return;
    const { process: running } = this;
    this.process = undefined;
    running.kill('SIGTERM');
    const timer = setTimeout(() => running.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Starts a server for a test, which stops it and removes its data when it ends. */
async function serve(t, configuration) {
  const server = new Server(fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-e2e-')), configuration);
  t.after(async () => {
    await server.stop();
    fs.rmSync(server.directory, { recursive: true, force: true });
  });
  return server.start();
}

module.exports = { ACCOUNT, REGION, ROOT, serve };
