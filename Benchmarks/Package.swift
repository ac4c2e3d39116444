// swift-tools-version: 6.2
import PackageDescription

// A package of its own: who builds or tests the service needs neither ordo-one/benchmark nor simdjson.
let package = Package(
    name: "generation-service-benchmarks",
    dependencies: [
        // Without its default trait, which wants jemalloc.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(name: "generation-service", path: ".."),
    ],
    targets: [
        // simdjson as Debian packages it; only measured against.
        .target(name: "Simdjson", path: "Simdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        .executableTarget(
            name: "Claims",
            dependencies: [
                "Simdjson",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "BenchmarkSubjects", package: "generation-service"),
            ],
            path: "Benchmarks/Claims",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
