// How a provider is recognised, and what only looks like one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constantFrom, assert as hold, property, tuple } from "fast-check";
import { holdsProviderKey, isProviderVariable, providerHostIn } from "./providers.ts";

const before = constantFrom(
  "",
  "https://",
  "http://user:word@",
  "wss://eu.",
  "--url=",
  "a b ",
  '{"url":"https://',
  "(",
  "HTTPS://",
);
const host = constantFrom(
  "api.anthropic.com",
  "API.OpenAI.com",
  "my-team.openai.azure.com",
  "generativelanguage.googleapis.com",
  "bedrock-runtime.eu-west-2.amazonaws.com",
  "api.mistral.ai",
  "openrouter.ai",
  "api.x.ai",
  "api%2Eopenai.com",
  "api%2eopenai%2ecom",
  "\uff41pi.openai.com",
  "api\u3002openai\u3002com",
);
const behind = constantFrom("", "/v1", ":443/v1", ".", './v1"', "?a=b", " and more", ")", ",next", "\n");

test("a provider's host is found in whatever stands around it", () => {
  hold(
    property(tuple(before, host, behind), (parts) => {
      assert.notEqual(providerHostIn(parts.join("")), undefined, parts.join(""));
    }),
  );
});

const others = [
  "openai.com.example",
  "https://myopenai.com/v1",
  "operator@openai.com",
  "s3.eu-west-2.amazonaws.com",
  "http://gateway:4000/v1",
  "openai",
  "next.ai",
  "https://max.ai/",
  "storage.googleapis.com",
  "not-openai.community",
  "ghcr.io/open-webui/open-webui",
  "https://huggingface.co.example/models",
];

test("what only looks like one is not", () => {
  for (const text of others) assert.equal(providerHostIn(text), undefined, text);
});

test("variables that clients read a provider's key from", () => {
  const names = [
    "OPENAI_API_KEY",
    "OPENAI_API_KEYS",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "RAG_OPENAI_API_KEY",
    "HF_TOKEN",
  ];
  const more = ["AZURE_OPENAI_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY", "AWS_SECRET_ACCESS_KEY", "openai_api_key"];
  for (const name of [...names, ...more]) assert.equal(isProviderVariable(name), true, name);
  const innocent = [
    "OPENAI_API_BASE_URL",
    "ENABLE_OPENAI_API",
    "API_KEY",
    "VLLM_API_KEY",
    "MAX_TOKENS",
    "WEBUI_SECRET_KEY",
    "OLLAMA_HOST",
  ];
  for (const name of innocent) assert.equal(isProviderVariable(name), false, name);
});

test("a key is known by its beginning and its length", () => {
  const body = "a1".repeat(20);
  for (const start of ["sk-ant-api03-", "sk-proj-", "sk-or-v1-", "sk-", "gsk_", "AIza", "xai-"]) {
    assert.equal(holdsProviderKey(`key = "${start}${body}"`), true, start);
  }
  for (const text of ["sk-learn", "task-ant-hill", "sk-ant-", "risk-proj-plan-2026", "hf_hub_offline"]) {
    assert.equal(holdsProviderKey(text), false, text);
  }
});
