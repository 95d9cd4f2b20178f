// Drives a live server with fhir-kit-client, as an application would; prints a line for each thing it found to be so.

import assert from "node:assert/strict";

import { Client } from "fhir-kit-client";

const client = new Client({ baseUrl: process.argv[2] });

function so(what) {
  console.log(what);
}

/** The status and the outcome of a request that the server must refuse. */
async function refused(status, request) {
  const no = await request.then(() => assert.fail(`nothing was refused with ${status}`), (error) => error);
  assert.equal(no.response?.status, status, no.message);
  assert.equal(no.response.data.resourceType, "OperationOutcome");
  return no.response.data;
}

const versionOf = (resource) => resource.meta.versionId;
const headerOf = (answer, name) => Client.httpFor(answer).response.headers.get(name);

const capabilities = await client.capabilityStatement();
assert.equal(capabilities.fhirVersion, "4.0.1");
so("capability statement");

const body = { resourceType: "Patient", active: true, name: [{ family: "Peeters" }] };
const patient = await client.create({ resourceType: "Patient", body });
assert.equal(versionOf(patient), "1");
assert.ok(headerOf(patient, "location").endsWith(`/Patient/${patient.id}/_history/1`));
so("create");

const at = { resourceType: "Patient", id: patient.id };
const read = await client.read(at);
assert.deepEqual(read.name, body.name);
assert.equal(headerOf(read, "etag"), 'W/"1"');
assert.equal((await client.resolve({ reference: `Patient/${patient.id}` })).id, patient.id);
so("read");

const ifMatch = (version) => ({ headers: { "If-Match": `W/"${version}"` } });
const born = { ...read, birthDate: "1970-02-03" };
const updated = await client.update({ ...at, body: born, options: ifMatch(1) });
assert.equal(versionOf(updated), "2");
so("update with If-Match");
await refused(412, client.update({ ...at, body: { ...born, active: false }, options: ifMatch(1) }));
assert.equal((await client.read(at)).active, true);
so("conflict");
assert.equal((await client.vread({ ...at, version: "1" })).birthDate, undefined);
so("vread");

const patched = await client.patch({
  ...at,
  jsonPatch: [
    { op: "test", path: "/active", value: true },
    { op: "add", path: "/gender", value: "female" },
    { op: "remove", path: "/birthDate" },
  ],
});
assert.equal(patched.gender, "female");
assert.equal(patched.birthDate, undefined);
so("JSON Patch");
await refused(422, client.patch({ ...at, jsonPatch: [{ op: "test", path: "/active", value: false }] }));
so("a patch that tests false");

const dragon = { resourceType: "Patient", gender: "dragon", nonsense: 1 };
const outcome = await refused(400, client.create({ resourceType: "Patient", body: dragon }));
const places = outcome.issue.flatMap((issue) => issue.expression ?? []);
assert.deepEqual(places.sort(), ["Patient.gender", "Patient.nonsense"]);
so("an outcome says where");

const once = { resourceType: "Patient", identifier: [{ system: "urn:oid:1.2.3", value: "once" }] };
const ifNoneExist = { headers: { "If-None-Exist": "identifier=urn:oid:1.2.3|once" } };
const made = await client.create({ resourceType: "Patient", body: once, options: ifNoneExist });
const found = await client.create({ resourceType: "Patient", body: once, options: ifNoneExist });
assert.equal(found.id, made.id);
assert.equal(Client.httpFor(found).response.status, 200);
so("conditional create");
const searchParams = { identifier: "urn:oid:1.2.3|once" };
const inactive = { ...once, active: false };
const changed = await client.update({ resourceType: "Patient", searchParams, body: inactive });
assert.equal(changed.id, made.id);
assert.equal(versionOf(changed), "2");
so("conditional update");

const code = { coding: [{ system: "http://loinc.org", code: "718-7" }] };
const observation = (number) => ({
  resource: {
    resourceType: "Observation",
    status: "final",
    code,
    subject: { reference: `Patient/${patient.id}` },
    effectiveDateTime: `2026-03-${String(number + 1).padStart(2, "0")}`,
    valueQuantity: { value: 10 + number, unit: "g/dL" },
  },
  request: { method: "POST", url: "Observation" },
});
const entry = Array.from({ length: 25 }, (_, number) => observation(number));
const transaction = await client.transaction({ body: { resourceType: "Bundle", type: "transaction", entry } });
assert.equal(transaction.type, "transaction-response");
assert.ok(transaction.entry.every(({ response }) => response.status.startsWith("201")));
so("transaction");

const valuesOf = (bundle) => (bundle.entry ?? []).map(({ resource }) => resource.valueQuantity.value);
let page = await client.search({
  resourceType: "Observation",
  searchParams: { patient: patient.id, _count: 10 },
});
assert.equal(page.total, 25);
so("search");
const pages = [];
for (; page; page = await client.nextPage({ bundle: page })) {
  pages.push(valuesOf(page));
}
assert.deepEqual(pages.map((values) => values.length), [10, 10, 5]);
assert.deepEqual(pages.flat().sort(), entry.map(({ resource }) => resource.valueQuantity.value));
so("paging over three pages");
const posted = await client.search({
  resourceType: "Observation",
  searchParams: { patient: patient.id, date: "gt2026-03-21" },
  options: { postSearch: true },
});
assert.equal(posted.total, 4);
so("search by POST");

const batch = await client.batch({
  body: {
    resourceType: "Bundle",
    type: "batch",
    entry: [
      { request: { method: "GET", url: `Patient/${patient.id}` } },
      { request: { method: "GET", url: "Patient/nobody" } },
    ],
  },
});
assert.deepEqual(batch.entry.map(({ response }) => response.status.slice(0, 3)), ["200", "404"]);
so("batch");
const everything = await client.operation({ ...at, name: "everything", method: "GET", input: { _count: 100 } });
assert.equal(everything.entry.length, 26);
so("everything");

await client.delete(at);
await refused(410, client.read(at));
so("delete");
const history = await client.history(at);
const methods = history.entry.map(({ request }) => request.method);
assert.equal(methods.length, 4);
assert.deepEqual([methods[0], methods[3]], ["DELETE", "POST"]);
so("history");
await refused(404, client.read({ resourceType: "Patient", id: "nobody" }));
so("not found");
