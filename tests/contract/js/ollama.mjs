import { Ollama } from "ollama";
import { CITY, PICTURE, RAIN, SEEN, WEATHER, WORDS, assert, caught, faulty, model, runAll, url, words } from "./check.mjs";

const client = new Ollama({ host: url });
const ask = (content) => [{ role: "user", content }];
const tools = [{ type: "function", function: { name: "get_weather", parameters: CITY } }];

await runAll({
  async plain() {
    const answer = await client.chat({ model, messages: ask("Good morning") });
    assert.equal(answer.message.content, "You said: Good morning");
    assert.ok(answer.eval_count > 0);
  },
  async stream() {
    let text = "";
    let last;
    for await (const line of await client.chat({ model, messages: ask("Hi [[chunks:20]]"), stream: true })) {
      text += line.message.content;
      last = line;
    }
    assert.deepEqual(words(text), WORDS);
    assert.equal(last.done, true);
  },
  async tools() {
    const messages = ask(WEATHER);
    const first = await client.chat({ model, messages, tools });
    assert.deepEqual(first.message.tool_calls[0].function.arguments, { city: "Oslo" });
    messages.push(first.message, { role: "tool", tool_name: "get_weather", content: RAIN });
    const second = await client.chat({ model, messages, tools });
    assert.equal(second.message.content, `The tool says: ${RAIN}.`);
  },
  async structured() {
    const answer = await client.chat({ model, messages: ask("A trip, in Oslo"), format: CITY });
    assert.deepEqual(JSON.parse(answer.message.content), { city: "Oslo" });
  },
  async picture() {
    const messages = [{ role: "user", content: "What is this?", images: [PICTURE] }];
    const answer = await client.chat({ model, messages });
    assert.ok(answer.message.content.includes(SEEN), answer.message.content);
  },
  async rateLimit() {
    const messages = ask("Hi [[status:429 retry-after:7]]");
    const error = await caught(client.chat({ model: faulty, messages }));
    assert.equal(error.status_code, 429, String(error));
  },
  async cancel() {
    const stream = await client.chat({ model, messages: ask("Hi [[chunks:400]] [[pace:10]]"), stream: true });
    const read = async () => {
      for await (const _ of stream) stream.abort();
    };
    assert.equal((await caught(read())).name, "AbortError");
  },
  async models() {
    const names = (await client.list()).models.map((card) => card.model);
    assert.ok(names.includes(`${model}:latest`), names.join());
  },
  async embeddings() {
    const answer = await client.embed({ model: "embed-model", input: ["one", "two"] });
    assert.equal(answer.embeddings.length, 2);
  },
});
