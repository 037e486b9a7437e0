// In a container: connects to what it is told and prints how each answered, as a JSON array of words.
const { request } = require("node:http");
const { connect } = require("node:net");

const TIMEOUT_MS = 2000;

function open(options) {
  return new Promise((resolve) => {
    const socket = connect(options);
    const end = (word) => {
      socket.destroy();
      resolve(word);
    };
    socket.setTimeout(TIMEOUT_MS, () => end("silent"));
    socket.on("connect", () => end("open"));
    socket.on("error", (error) => end(error.code ?? "AggregateError"));
    setTimeout(end, TIMEOUT_MS, "silent").unref();
  });
}

function get(options) {
  return new Promise((resolve) => {
    const asked = request({ ...options, timeout: TIMEOUT_MS }, (answer) => {
      answer.resume();
      resolve(String(answer.statusCode));
    });
    asked.on("timeout", () => asked.destroy(new Error("silent")));
    asked.on("error", (error) => resolve(error.code ?? error.message));
    asked.end();
  });
}

async function main() {
  const questions = JSON.parse(process.argv[1]);
  const answers = await Promise.all(questions.map(({ http, ...options }) => (http ? get(options) : open(options))));
  process.stdout.write(JSON.stringify(answers));
  process.exit(0);
}

void main();
