// The ends of signed URLs, as object stores and image services write them.
import Testing

@testable import Engine

@Suite("Ends of signed URLs")
struct URLExpiryTests {
    @Test(
        "each service's form is read",
        arguments: [
            (
                "https://b.s3.amazonaws.com/a.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261130T081500Z"
                    + "&X-Amz-Expires=3600&X-Amz-Signature=0",
                "2026-11-30T09:15:00Z"
            ),
            (
                "https://storage.googleapis.com/b/a?X-Goog-Date=20261130T081500Z&X-Goog-Expires=604800&a=b",
                "2026-12-07T08:15:00Z"
            ),
            ("https://b.oss.example/a?x-oss-date=20261130T081500Z&x-oss-expires=60", "2026-11-30T08:16:00Z"),
            ("https://b.s3.amazonaws.com/a?AWSAccessKeyId=A&Expires=1764490500&Signature=s", "2025-11-30T08:15:00Z"),
            ("https://x.blob.core.windows.net/a?sv=2024&se=2026-11-30T08%3A15%3A00Z&sig=s", "2026-11-30T08:15:00Z"),
            ("https://x.blob.core.windows.net/a?se=2026-11-30&sig=s", "2026-11-30T00:00:00Z"),
            ("https://a.example/a.jpg?exp=1796026500000", "2026-11-30T08:15:00Z"),
            ("https://scontent.example/a.jpg?oh=00_A&oe=6B0D3084", "2026-11-30T08:15:00Z"),
            ("https://a.example/a.jpg?hdnts=st=1~exp=1796026500~acl=/*~hmac=0", "2026-11-30T08:15:00Z"),
            ("https://a.example/a.jpg?__token__=exp%3D1796026500~hmac%3D0", "2026-11-30T08:15:00Z"),
            ("https://b.cos.example/a?q-sign-time=1796022900%3B1796026500&q-ak=x", "2026-11-30T08:15:00Z"),
            // {"exp":1796026500}
            ("https://a.supabase.example/a?token=eyJhIjoxfQ.eyJleHAiOjE3OTYwMjY1MDB9.c2ln", "2026-11-30T08:15:00Z"),
            // {"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1796026500}}}]}
            (
                "https://d1.cloudfront.net/a?Policy="
                    + "eyJTdGF0ZW1lbnQiOlt7IkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4i"
                    + "OnsiQVdTOkVwb2NoVGltZSI6MTc5NjAyNjUwMH19fV19"
                    + "&Signature=s&Key-Pair-Id=K",
                "2026-11-30T08:15:00Z"
            ),
            ("https://a.example/a.jpg?Expires=1796026500&exp=1796026000#Expires=1", "2026-11-30T08:06:40Z"),
        ])
    func ends(url: String, end: String) { #expect(URLExpiry.end(of: url)?.description == end) }

    @Test(
        "other queries name no end",
        arguments: [
            "https://a.example/a.jpg", "https://a.example/a.jpg?", "https://a.example/1796026500?v=1796026500",
            "https://a.example/a?Expires=", "https://a.example/a?Expires=soon", "https://a.example/a?exp=2",
            "https://a.example/a?X-Amz-Expires=3600", "https://a.example/a?X-Amz-Date=20261130T081500Z",
            "https://a.example/a?X-Amz-Date=today&X-Amz-Expires=60", "https://a.example/a?token=eyJhIjoxfQ.%%%.x",
            "https://a.example/a?se=99999999999999999999", "https://a.example/a?w=800&h=600&e=1", "not a url?exp=x",
        ])
    func none(url: String) { #expect(URLExpiry.end(of: url) == nil) }

    @Test("a life of absurd length is no crash")
    func absurd() {
        let url = "https://a.example/a?X-Amz-Date=20261130T081500Z&X-Amz-Expires="
        for life in ["1e308", "-5", "nan", "inf", "99999999999999999999"] {
            #expect(URLExpiry.end(of: url + life).map { $0 > Timestamp(seconds: 0) } ?? true)
        }
    }
}
