import OpenAI from "openai";
import { CITY, PICTURE, RAIN, SEEN, WEATHER, WORDS, assert, caught, faulty, model, runAll, url, words } from "./check.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "caller", maxRetries: 0, timeout: 20_000 });
const ask = (content) => [{ role: "user", content }];
const tools = [{ type: "function", function: { name: "get_weather", parameters: CITY } }];
const flat = [{ type: "function", name: "get_weather", parameters: CITY, strict: true }];

await runAll({
  async plain() {
    const answer = await client.chat.completions.create({ model, messages: ask("Good morning") });
    assert.equal(answer.choices[0].message.content, "You said: Good morning");
    assert.ok(answer.usage.total_tokens > 0);
  },
  async stream() {
    const stream = await client.chat.completions.create({
      model,
      messages: ask("Hi [[chunks:20]]"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let last;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      last = chunk;
    }
    assert.deepEqual(words(text), WORDS);
    assert.ok(last.usage.completion_tokens > 0);
  },
  async tools() {
    const messages = ask(WEATHER);
    const first = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion();
    const [call] = first.choices[0].message.tool_calls;
    assert.deepEqual(JSON.parse(call.function.arguments), { city: "Oslo" });
    messages.push(first.choices[0].message, { role: "tool", tool_call_id: call.id, content: RAIN });
    const second = await client.chat.completions.create({ model, messages, tools });
    assert.equal(second.choices[0].message.content, `The tool says: ${RAIN}.`);
  },
  async structured() {
    const format = { type: "json_schema", json_schema: { name: "place", strict: true, schema: CITY } };
    const messages = ask("A trip, in Oslo");
    const answer = await client.chat.completions.parse({ model, messages, response_format: format });
    assert.deepEqual(JSON.parse(answer.choices[0].message.content), { city: "Oslo" });
  },
  async responses() {
    const input = ask(WEATHER);
    const first = await client.responses.stream({ model, input, tools: flat, store: false }).finalResponse();
    const call = first.output.find((item) => item.type === "function_call");
    assert.deepEqual(JSON.parse(call.arguments), { city: "Oslo" });
    const { parsed_arguments: _, ...echoed } = call;
    input.push(echoed, { type: "function_call_output", call_id: call.call_id, output: RAIN });
    const second = await client.responses.create({ model, input, tools: flat, store: false });
    assert.equal(second.output_text, `The tool says: ${RAIN}.`);
  },
  async picture() {
    const image = `data:image/png;base64,${PICTURE}`;
    const seen = [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: image } }];
    const answer = await client.chat.completions.create({ model, messages: ask(seen) });
    assert.ok(answer.choices[0].message.content.includes(SEEN), answer.choices[0].message.content);
    const shown = [{ type: "input_text", text: "What is this?" }, { type: "input_image", image_url: image }];
    const response = await client.responses.create({ model, input: ask(shown), store: false });
    assert.ok(response.output_text.includes(SEEN), response.output_text);
  },
  async rateLimit() {
    const messages = ask("Hi [[status:429 retry-after:7]]");
    const error = await caught(client.chat.completions.create({ model: faulty, messages }));
    assert.ok(error instanceof OpenAI.RateLimitError, String(error));
    assert.equal(error.headers.get("retry-after"), "7");
    assert.ok(error.requestID);
  },
  async missing() {
    const request = client.chat.completions.create({ model: "missing-model", messages: ask("Hi") });
    const error = await caught(request);
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(error.code, "model_not_found");
  },
  async cancel() {
    const stream = await client.chat.completions.create({
      model,
      messages: ask("Hi [[chunks:400]] [[pace:10]]"),
      stream: true,
    });
    for await (const _ of stream) break;
    assert.ok(stream.controller.signal.aborted);
  },
  async models() {
    const names = [];
    for await (const card of client.models.list()) names.push(card.id);
    assert.ok(names.includes(model), names.join());
  },
  async embeddings() {
    const answer = await client.embeddings.create({ model: "embed-model", input: ["one", "two"] });
    assert.equal(answer.data.length, 2);
    assert.ok(Math.abs(answer.data[0].embedding.reduce((sum, v) => sum + v * v, 0) - 1) < 1e-5);
  },
});
