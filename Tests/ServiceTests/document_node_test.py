#!/usr/bin/env python3
"""The document's Node client and its main(), with nothing changed but host, key and addresses, against a running server.

The text itself stays unchanged. The test adds: `node-fetch` (Node's own fetch under that name), the getJobResults that the
document lacks, and shorter waits between polls. The server must run with ACCEPT_NODE_EXAMPLE_SIGNATURES=true (C1.4).
Environment: BASE_URL, SHARED_KEY, IMAGES_URL (every .jpg below it is a picture), WEBHOOK_URL.
"""
import os
import subprocess
import tempfile

import document

# Appended: main() has begun by then, but it calls getJobResults only after many replies from the network.
GET_JOB_RESULTS = """
GenerationServiceClient.prototype.getJobResults = async function (jobId) {
    const response = await fetch(`${this.baseUrl}/api/v1/batch-results/${jobId}`, {
        headers: {'X-Signature': this.generateSignature(jobId)}
    });
    return response.status === 200
        ? {data: await response.json(), error: null}
        : {data: null, error: await response.text()};
};
"""

# Loaded before the example: polls every 0.2 s instead of every 30.
SHORT_WAITS = """
const wait = globalThis.setTimeout;
globalThis.setTimeout = (body, ms, ...rest) => wait(body, ms === 30000 ? 200 : ms, ...rest);
"""


def main():
    text = document.with_addresses(
        document.block("javascript", "### Node.js/JavaScript интеграция"), os.environ["BASE_URL"], os.environ["SHARED_KEY"],
        os.environ["IMAGES_URL"], os.environ["WEBHOOK_URL"])
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "client.js", text + GET_JOB_RESULTS)
        write(folder, "short-waits.js", SHORT_WAITS)
        write(folder, "node_modules/node-fetch/index.js", "module.exports = globalThis.fetch;\n")
        done = subprocess.run(
            ["node", "--require", "./short-waits.js", "client.js"], cwd=folder, capture_output=True, text=True, timeout=120,
            check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, f"node ended with {done.returncode}"
    for line in ("Sync processing completed!", "Generated descriptions for js-sync-001", "Batch job created: ",
                 "status: completed - 100% complete", "Batch processing completed!", "Processed 1 lots"):
        assert line in done.stdout, f"main() did not say {line!r}"
    assert done.stderr == "", "main() wrote to stderr"
    print("document_node_test: ok")


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
