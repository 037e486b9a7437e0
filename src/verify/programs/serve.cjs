// In a probe container: listens on the ports it is given, over both families. Ends by itself when its time is over.
const { createServer } = require("node:net");

const [seconds, ...ports] = process.argv.slice(1).map(Number);
for (const port of ports) {
  createServer((socket) => {
    socket.on("error", () => {});
    socket.end("demesne-probe\n");
  }).listen(port);
}
setTimeout(() => process.exit(0), seconds * 1000);
