"""Drives a live server with fhirpy, as an application would; prints a line for each thing it found to be so."""

import json
import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

BASE = sys.argv[1]
client = SyncFHIRClient(BASE)


def with_headers(**headers):
    """The same client, which says more in the headers of its requests."""
    return SyncFHIRClient(BASE, extra_headers={name.replace("_", "-"): value for name, value in headers.items()})


def refused(error, action):
    """What the client raises when the server says no."""
    try:
        action()
    except error as no:
        return no
    raise AssertionError(f"{error.__name__} was not raised")


def so(what, holds=True):
    assert holds, what
    print(what, flush=True)


capabilities = client.execute("metadata", method="get")
so("capability statement", capabilities["fhirVersion"] == "4.0.1")

patient = client.resource("Patient", name=[{"family": "Peeters", "given": ["An"]}], active=True)
patient.save()
so("create", patient.id and patient["meta"]["versionId"] == "1")

read = client.get("Patient", patient.id)
so("read", read["name"][0]["family"] == "Peeters")
so("read through a reference", client.reference("Patient", patient.id).to_resource()["active"] is True)

patient["birthDate"] = "1970-02-03"
patient.update()
so("update", patient["meta"]["versionId"] == "2")
first = client.execute(f"Patient/{patient.id}/_history/1", method="get")
so("vread", "birthDate" not in first and first["meta"]["versionId"] == "1")
patient.refresh()
so("refresh finds the same version", patient["meta"]["versionId"] == "2")

# Numbers of versions may skip, so none but the first two are known beforehand.
current = with_headers(If_Match='W/"2"')
current.resource("Patient", id=patient.id, active=True, name=[{"family": "Janssens"}]).save()
updated = client.get("Patient", patient.id)
so("update with If-Match", updated["name"][0]["family"] == "Janssens" and updated["meta"]["versionId"] != "2")
late = current.resource("Patient", id=patient.id, active=False)
refused(MultipleResourcesFound, late.save)  # The client's one name for a 412.
so("conflict", client.get("Patient", patient.id)["active"] is True)

patching = with_headers(Content_Type="application/json-patch+json")
operations = [
    {"op": "test", "path": "/active", "value": True},
    {"op": "add", "path": "/gender", "value": "female"},
    {"op": "replace", "path": "/name/0/family", "value": "Maes"},
]
patched = patching.execute(f"Patient/{patient.id}", method="patch", data=operations)
so("JSON Patch", patched["gender"] == "female" and patched["name"][0]["family"] == "Maes")
failing = [{"op": "test", "path": "/active", "value": False}]
no = refused(OperationOutcome, lambda: patching.execute(f"Patient/{patient.id}", method="patch", data=failing))
so("a patch that tests false", no.resource["resourceType"] == "OperationOutcome")

wrong = client.resource("Patient", gender="dragon", nonsense=1)
no = refused(OperationOutcome, wrong.save)
places = {place for issue in no.resource["issue"] for place in issue.get("expression", [])}
so("an outcome says where", places == {"Patient.gender", "Patient.nonsense"})

once = {"identifier": [{"system": "urn:oid:1.2.3", "value": "once"}]}
if_none = with_headers(If_None_Exist="identifier=urn:oid:1.2.3|once")
made = if_none.resource("Patient", **once).save()
found = if_none.resource("Patient", **once).save()
so("conditional create", made.id == found.id)
criteria = client.resources("Patient").search(identifier="urn:oid:1.2.3|once")
changed, is_new = criteria.update(client.resource("Patient", **once, active=False))
so("conditional update", not is_new and changed.id == made.id and changed["meta"]["versionId"] == "2")
so("search by identifier", criteria.get().id == made.id)

for number in range(25):
    client.resource(
        "Observation",
        status="final",
        code={"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        subject=patient.to_reference(),
        effectiveDateTime=f"2026-03-{number + 1:02}",
        valueQuantity={"value": 10 + number, "unit": "g/dL"},
    ).save()
of_patient = client.resources("Observation").search(subject=patient).limit(10)
so("a page", len(of_patient.fetch()) == 10)
values = [found["valueQuantity"]["value"] for found in of_patient.fetch_all()]
so("paging over three pages", sorted(values) == list(range(10, 35)))
so("count", of_patient.count() == 25)
late = client.resources("Observation").search(code="http://loinc.org|718-7", date__gt="2026-03-21")
so("search with a prefix", late.count() == 4)

mother = "urn:uuid:6f1b5e0a-3c1f-4d8f-9d5e-0c7d3d3f2a10"
transaction = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": mother,
            "resource": {"resourceType": "Patient", "name": [{"family": "Claes"}]},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "resource": {"resourceType": "RelatedPerson", "patient": {"reference": mother}},
            "request": {"method": "POST", "url": "RelatedPerson"},
        },
    ],
}
answer = client.execute("", data=transaction)
so("transaction", [entry["response"]["status"][:3] for entry in answer["entry"]] == ["201", "201"])
person = answer["entry"][1]["response"]["location"].split("/_history")[0].split("/fhir/")[-1]
person = client.execute(person, method="get")
of = client.execute(person["patient"]["reference"], method="get")
so("a transaction resolves its references", of["name"][0]["family"] == "Claes")

patient.delete()
# The client has one name for 404 and 410; the outcome tells which.
gone = refused(ResourceNotFound, lambda: client.get("Patient", patient.id))
so("delete", json.loads(str(gone))["issue"][0]["code"] == "deleted")
history = client.execute(f"Patient/{patient.id}/_history", method="get")
methods = [entry["request"]["method"] for entry in history["entry"]]
so("history", methods == ["DELETE", "PUT", "PUT", "PUT", "POST"])
missing = refused(ResourceNotFound, lambda: client.get("Patient", "nobody"))
so("not found", json.loads(str(missing))["issue"][0]["code"] == "not-found")
