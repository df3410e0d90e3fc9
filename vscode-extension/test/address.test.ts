import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "../src/server/address.ts";

test("an address is scheme, host and port, without what may be secret", () => {
  assert.equal(addressOf("https://user:password@H.example:443/v1?key=x"), "https://h.example");
  assert.equal(addressOf(" http://127.0.0.1:8080/v1 "), "http://127.0.0.1:8080");
});

test("what names no server has none", () => {
  for (const url of ["", "localhost:8080", "ftp://h", "http://", "file:///etc/passwd"]) {
    assert.equal(addressOf(url), undefined, url);
  }
});
