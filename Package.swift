// swift-tools-version: 6.2
import PackageDescription

// The order of dependencies: CShims <- Engine <- Server <- LoadtestKit, Tests; never in reverse.
let strict: [SwiftSetting] = [
    // SE-0461: an async function runs where its caller runs; a hop costs 352 ns instead of 18.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // SE-0335: `any` marks each place that pays for dynamic dispatch.
    .enableUpcomingFeature("ExistentialAny"),
    // SE-0444: each file imports the modules that it uses.
    .enableUpcomingFeature("MemberImportVisibility"),
    // Named crash points for `loadtest chaos`: see Sources/Engine/Observe/CrashPoint.swift.
    .define("CRASH_POINTS", .when(configuration: .debug)),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

func tests(_ name: String, _ needs: [Target.Dependency], exclude: [String] = []) -> Target {
    // A release build optimises the product only. Optimising the tests' own code would take most of its time.
    .testTarget(
        name: name, dependencies: ["TestSupport"] + needs, exclude: exclude,
        swiftSettings: strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))])
}

let package = Package(
    name: "generation-service",
    products: [
        .executable(name: "generation-service", targets: ["generation-service"]),
        .executable(name: "loadtest", targets: ["loadtest"]),
        // For Benchmarks/, a separate package.
        .library(name: "BenchmarkSubjects", targets: ["BenchmarkSubjects"]),
        // For Fuzz/, a separate package.
        .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
    ],
    targets: [
        // libuv, libpq, libcurl, OpenSSL and llhttp from Debian; scripts/install-deps installs them.
        .target(
            name: "CShims",
            linkerSettings: [
                .linkedLibrary("uv"), .linkedLibrary("pq"), .linkedLibrary("curl"), .linkedLibrary("crypto"),
                .linkedLibrary("z"),
            ]),
        .target(name: "Engine", dependencies: ["CShims", log, collections], swiftSettings: strict),
        .target(
            name: "Server", dependencies: ["CShims", "Engine", log, collections, arguments], exclude: ["Main"],
            // These files are compiled into the executable, which stays a single file.
            resources: [.embedInCode("Web/Assets")], swiftSettings: strict),
        .executableTarget(
            name: "generation-service", dependencies: ["Server", arguments], path: "Sources/Server/Main",
            swiftSettings: strict),
        .target(
            name: "LoadtestKit", dependencies: ["Engine", "Server", "FuzzTargets", log, arguments, collections],
            path: "loadtest", exclude: ["Main", "predict.py"], swiftSettings: strict),
        .executableTarget(
            name: "loadtest", dependencies: ["LoadtestKit", arguments], path: "loadtest/Main", swiftSettings: strict),

        .target(
            name: "BenchmarkSubjects", dependencies: ["Engine", "Server"], path: "Benchmarks/Subjects",
            swiftSettings: strict),

        .target(
            name: "FuzzTargets", dependencies: ["Engine", "Server"], path: "Fuzz/Targets", swiftSettings: strict),
        .executableTarget(name: "replay", dependencies: ["FuzzTargets"], path: "Fuzz/Replay", swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["Engine", "Server"], path: "Tests/TestSupport", swiftSettings: strict),
        tests("LoopTests", ["Engine"]),
        tests("ObserveTests", ["Engine", log]),
        tests("DomainTests", ["Engine"]),
        tests("ParseTests", ["Engine"]),
        tests("PersistTests", ["Engine"], exclude: ["schema.txt"]),
        tests("OutboundTests", ["Engine", "Server"]),
        tests("HTTPTests", ["Engine", "Server"]),
        tests("WorkTests", ["Engine"]),
        tests("NotifyTests", ["Engine"]),
        tests("APITests", ["Engine", "Server", "LoadtestKit", log]),
        tests("LoadtestTests", ["Engine", "Server", "LoadtestKit", arguments]),
        tests("IntegrationTests", ["Engine", "Server", "LoadtestKit", arguments]),
        tests("FuzzTests", ["FuzzTargets"]),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6]
)
