// Runs named checks in order and prints one line of JSON: { name: true | "what went wrong" }.
import assert from "node:assert/strict";

export const [url, model, faulty, PICTURE] = process.argv.slice(2);
export const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const WEATHER = "What is the weather in Oslo?";
export const RAIN = "4 degrees and rain";
export const SEEN = "a 3x2 image/png";
export const WORDS = Array.from({ length: 20 }, (_, n) => `word${n}`);
export { assert };

export const words = (text) => text.trim().split(/\s+/);

export async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

export async function runAll(checks) {
  const results = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      results[name] = true;
    } catch (error) {
      results[name] = String(error?.stack ?? error).slice(0, 1500);
    }
  }
  console.log(JSON.stringify(results));
}
