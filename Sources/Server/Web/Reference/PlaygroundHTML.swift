// The signature playground of the API reference; playground.js runs it. Pure.
import Engine

enum PlaygroundHTML {
    private static let sample = """
        [
          {"lot_id": "car-1", "additional_info": "Škoda, hail", "mileage": 1e5,
           "images": [{"url": "https://example.com/front.jpg"}]},
          {"lot_id": "car-2", "images": [{"url": "https://example.com/rear.jpg"}]}
        ]
        """

    static func write(_ document: JSONValue, _ html: inout HTML) {
        html.element(
            "p",
            """
            Paste the text that you send, and compare the signature with your program's. Your browser computes it; \
            your input is not sent.
            """
        )
        html.element("noscript") { $0.element("p", "The playground needs JavaScript.") }
        // Not a form, so that the browser cannot send its fields.
        html.element("div", ["id": "sign-form", "class": "fields", "hidden": ""]) { html in
            html.element("label", ["for": "sign-key"], "Shared key")
            html.void("input", ["id": "sign-key", "type": "password", "autocomplete": "off", "spellcheck": "false"])
            html.element("label", ["for": "sign-what"], "Signed text")
            html.element("select", ["id": "sign-what"]) { html in
                html.element("option", ["value": "lots"], "the canonical text of lots: an array, or a body with lots")
                html.element("option", ["value": "text"], "exactly this text: a raw body, a job's id, a request target")
            }
            html.element("label", ["for": "sign-input"], "JSON or text")
            html.element("textarea", ["id": "sign-input", "rows": "7", "spellcheck": "false"], sample)
            html.element("label", ["for": "sign-text"], "The text that the signature covers")
            html.element("textarea", ["id": "sign-text", "rows": "4", "readonly": ""], "")
            html.element("label", ["for": "sign-signature"], "X-Signature")
            html.void("input", ["id": "sign-signature", "readonly": ""])
            html.element("p", ["id": "sign-problem", "class": "soft", "role": "status"], "")
        }
    }
}
