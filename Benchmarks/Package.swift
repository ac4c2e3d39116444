// swift-tools-version: 6.2
import PackageDescription

// A separate package: the service's build and tests need neither ordo-one/benchmark nor simdjson.
let package = Package(
    name: "generation-service-benchmarks",
    dependencies: [
        // Without its default trait, which requires jemalloc.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(name: "generation-service", path: ".."),
    ],
    targets: [
        // Debian's simdjson, only for comparison.
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
