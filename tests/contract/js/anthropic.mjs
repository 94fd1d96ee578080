import Anthropic from "@anthropic-ai/sdk";
import { CITY, PICTURE, RAIN, SEEN, WEATHER, WORDS, assert, caught, faulty, model, runAll, url, words } from "./check.mjs";

const client = new Anthropic({ baseURL: url, apiKey: "caller", maxRetries: 0, timeout: 20_000 });
const ask = (content) => [{ role: "user", content }];
const tools = [{ name: "get_weather", input_schema: CITY }];
const max_tokens = 900;

await runAll({
  async plain() {
    const answer = await client.messages.create({ model, max_tokens, messages: ask("Good morning") });
    assert.equal(answer.content[0].text, "You said: Good morning");
    assert.ok(answer.usage.output_tokens > 0);
  },
  async stream() {
    const stream = client.messages.stream({ model, max_tokens, messages: ask("Hi [[chunks:20]]") });
    let text = "";
    stream.on("text", (piece) => (text += piece));
    const final = await stream.finalMessage();
    assert.deepEqual(words(text), WORDS);
    assert.equal(final.stop_reason, "end_turn");
  },
  async tools() {
    const messages = ask(WEATHER);
    const first = await client.messages.stream({ model, max_tokens, messages, tools }).finalMessage();
    const call = first.content.find((block) => block.type === "tool_use");
    assert.deepEqual(call.input, { city: "Oslo" });
    messages.push({ role: "assistant", content: first.content });
    messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: RAIN }] });
    const second = await client.messages.create({ model, max_tokens, messages, tools });
    assert.equal(second.content[0].text, `The tool says: ${RAIN}.`);
  },
  async structured() {
    const output_config = { format: { type: "json_schema", schema: CITY } };
    const messages = ask("A trip, in Oslo");
    const answer = await client.messages.create({ model, max_tokens, messages, output_config });
    assert.deepEqual(JSON.parse(answer.content[0].text), { city: "Oslo" });
  },
  async picture() {
    const source = { type: "base64", media_type: "image/png", data: PICTURE };
    const messages = ask([{ type: "image", source }, { type: "text", text: "What is this?" }]);
    const answer = await client.messages.create({ model, max_tokens, messages });
    assert.ok(answer.content[0].text.includes(SEEN), answer.content[0].text);
  },
  async rateLimit() {
    const messages = ask("Hi [[status:429 retry-after:7]]");
    const error = await caught(client.messages.create({ model: faulty, max_tokens, messages }));
    assert.ok(error instanceof Anthropic.RateLimitError, String(error));
    assert.equal(error.headers.get("retry-after"), "7");
    assert.ok(error.requestID);
  },
  async missing() {
    const request = { model: "missing-model", max_tokens, messages: ask("Hi") };
    const error = await caught(client.messages.create(request));
    assert.ok(error instanceof Anthropic.NotFoundError, String(error));
  },
  async cancel() {
    const stream = client.messages.stream({
      model,
      max_tokens: 5000,
      messages: ask("Hi [[chunks:400]] [[pace:10]]"),
    });
    for await (const event of stream) if (event.type === "content_block_delta") break;
    assert.ok(stream.controller.signal.aborted);
  },
  async models() {
    const names = [];
    for await (const card of client.models.list({ limit: 1000 })) names.push(card.id);
    assert.ok(names.includes(model), names.join());
  },
  async count() {
    const counted = await client.messages.countTokens({ model, messages: ask("Hi there") });
    assert.ok(counted.input_tokens > 0);
  },
});
