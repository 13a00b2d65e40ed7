// Reads [{secret, headers, body}, …], bodies in base64, and writes for each whether the official package takes it for genuine.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const messages = JSON.parse(readFileSync(0, "utf8"));

function genuine({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
    return true;
  } catch (error) {
    if (error.constructor.name === "WebhookVerificationError") return false;
    throw error;
  }
}

console.log(JSON.stringify(messages.map(genuine)));
