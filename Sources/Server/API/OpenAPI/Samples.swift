// The examples of requests, shortened from the API document. Those of replies are made from their schemas. Pure.
import Engine

enum Samples {
    static let lot: JSONValue = [
        "lot_id": "batch-001",
        "webhook": "https://your-app.com/webhooks/generation-complete",
        "additional_info": "2019 Mercedes C-Class, minor rear damage",
        "images": [["url": "https://example.com/merc-rear.jpg"], ["url": "https://example.com/merc-bumper.jpg"]],
    ]

    private static let secondLot: JSONValue = [
        "lot_id": "batch-002",
        "webhook": "https://your-app.com/webhooks/generation-complete",
        "additional_info": "2020 Audi A4, hail damage assessment",
        "images": [["url": "https://example.com/audi-roof.jpg"]],
    ]

    static let synchronousRequest: JSONValue = [
        "version": "1.0.0",
        "languages": ["en", "ru"],
        "lots": [
            [
                "lot_id": "sync-12345",
                "additional_info": "2021 BMW X5, front collision damage, airbags deployed",
                "images": [["url": "https://example.com/bmw-front.jpg"], ["url": "https://example.com/bmw-side.jpg"]],
            ]
        ],
    ]

    static let batchRequest: JSONValue = [
        "version": "1.0.0", "languages": ["en", "fr"], "lots": .array([lot, secondLot]),
    ]
}
