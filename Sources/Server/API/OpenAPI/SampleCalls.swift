// Calls ready to copy: curl, Python and Node, without libraries. Pure.

enum SampleCalls {
    static let generate = [
        CodeSample(
            language: "Shell", label: "curl",
            source: #"""
                body='{"languages":["en"],"lots":[{"lot_id":"car-1","images":[{"url":"https://example.com/a.jpg"}]}]}'
                sign() { printf %s "$1" | openssl dgst -sha256 -hmac "$SHARED_KEY" -r | cut -d' ' -f1; }
                curl -s "$SERVICE/api/v1/generate-descriptions" -H 'Content-Type: application/json' \
                  -H "X-Signature: sha256=$(sign "$body")" -d "$body"
                """#),
        CodeSample(
            language: "Python", label: "Python",
            source: #"""
                import hashlib, hmac, json, os, urllib.request

                body = json.dumps({
                    "languages": ["en", "de"],
                    "lots": [{"lot_id": "car-1", "images": [{"url": "https://example.com/front.jpg"}]}],
                }).encode()
                signature = "sha256=" + hmac.new(os.environ["SHARED_KEY"].encode(), body, hashlib.sha256).hexdigest()
                request = urllib.request.Request(
                    os.environ["SERVICE"] + "/api/v1/generate-descriptions", body,
                    {"Content-Type": "application/json", "X-Signature": signature})
                print(json.load(urllib.request.urlopen(request)))
                """#),
        CodeSample(
            language: "JavaScript", label: "Node",
            source: #"""
                import { createHmac } from "node:crypto";

                const body = JSON.stringify({
                  languages: ["en", "de"],
                  lots: [{ lot_id: "car-1", images: [{ url: "https://example.com/front.jpg" }] }],
                });
                const signature = "sha256=" + createHmac("sha256", process.env.SHARED_KEY).update(body).digest("hex");
                const reply = await fetch(process.env.SERVICE + "/api/v1/generate-descriptions", {
                  method: "POST", body,
                  headers: { "Content-Type": "application/json", "X-Signature": signature },
                });
                console.log(reply.status, await reply.json());
                """#),
    ]

    static let status = [
        CodeSample(
            language: "Shell", label: "curl",
            source: #"""
                job=550e8400-e29b-41d4-a716-446655440000
                signature=$(printf %s "$job" | openssl dgst -sha256 -hmac "$SHARED_KEY" -r | cut -d' ' -f1)
                curl -s "$SERVICE/api/v1/batch-status/$job" -H "X-Signature: sha256=$signature"
                """#)
    ]

    static let list = [
        CodeSample(
            language: "Shell", label: "curl",
            source: #"""
                target='/api/v1/batch-jobs?status=processing&limit=20'
                signature=$(printf %s "$target" | openssl dgst -sha256 -hmac "$SHARED_KEY" -r | cut -d' ' -f1)
                curl -s "$SERVICE$target" -H "X-Signature: sha256=$signature"
                """#)
    ]
}
