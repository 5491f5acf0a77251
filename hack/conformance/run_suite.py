"""Run every check of scim2-tester against $CONFORMANCE_URL and print the results as JSON."""

import json
import os
import random
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckResult, check_server

# The suite picks enumerated values and booleans at random. A failure must be reproducible.
random.seed(0)


def report(result: CheckResult) -> dict[str, str | None]:
    data = result.data
    return {
        "check": result.title,
        "resource": result.resource_type,
        # The PATCH checks return a result for each attribute.
        "attribute": data.get("urn") if isinstance(data, dict) else None,
        "status": result.status.name,
        "detail": result.reason,
        "data": None if data is None else str(data),
    }


with Client(
    base_url=os.environ["CONFORMANCE_URL"],
    headers={"Authorization": f"Bearer {os.environ['CONFORMANCE_TOKEN']}"},
    timeout=30,
) as client:
    results = check_server(SyncSCIMClient(client))
json.dump([report(result) for result in results], sys.stdout)
