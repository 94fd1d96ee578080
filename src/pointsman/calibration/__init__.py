"""Puts the same prompts to many models through the running gateway and scores the answers. `runner` is the
loop, `graders` says how good an answer is, `items.jsonl` are the prompts that come with it."""
