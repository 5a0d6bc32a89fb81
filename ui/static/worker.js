// The worker that all pages of a browser share: browsers open only six connections to a server without
// HTTP/2, and people open more pages.
import { Switchboard } from "./switchboard.js";

const board = new Switchboard();

addEventListener("connect", (event) => {
  const port = event.ports[0];
  const tell = (message) => port.postMessage(message);
  port.onmessage = ({ data }) => board[data.say](tell, data.topics, data.born);
  tell({ kind: "welcome" });
});
