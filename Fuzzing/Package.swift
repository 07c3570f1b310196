// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users of swipfs do not inherit it. Its sources are links to those of swipfs: so they
// are built with the fuzzer's instruments, and the checks reach what is `package`.

var settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .unsafeFlags(["-sanitize=fuzzer,address"]),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
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
  name: "Fuzzing",
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CBlake2", pkgConfig: "libb2"),
    .systemLibrary(name: "CISAL", pkgConfig: "libisal"),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CFuse3", pkgConfig: "fuse3"),
    .systemLibrary(name: "CFuzzer"),
    .target(name: "Multiformats", dependencies: ["CBlake2", crypto], swiftSettings: settings),
    .target(name: "IPLD", dependencies: ["Multiformats"], swiftSettings: settings),
    .target(name: "UnixFS", dependencies: ["IPLD", "Multiformats"], swiftSettings: settings),
    .target(
      name: "IPFSClient", dependencies: ["Multiformats", nioSSL, nioTLS] + nio, swiftSettings: settings),
    .target(name: "Coordination", swiftSettings: settings),
    .target(
      name: "IPFSNode",
      dependencies: [
        "UnixFS", "IPLD", "Multiformats", "CISAL", "CLinux", "Coordination", grdb, logging, crypto, cryptoExtras,
      ],
      swiftSettings: settings),
    .target(
      name: "IPFSNodeServer",
      dependencies: [
        "IPFSNode", "IPFSClient", "UnixFS", "IPLD", "Multiformats", "CISAL", hummingbird, nioHTTPTypes, httpTypes,
        logging,
      ] + nio + lifecycle,
      swiftSettings: settings),
    .target(name: "Fuse", dependencies: ["CFuse3", logging], swiftSettings: settings),
    .target(
      name: "IPFSFileSystem", dependencies: ["UnixFS", "IPLD", "Multiformats", "Coordination", logging],
      swiftSettings: settings),
    .target(
      name: "IPFSMount",
      dependencies: ["Fuse", "IPFSFileSystem", "IPFSNode", "UnixFS", "IPLD", "Multiformats", logging],
      swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["UnixFS", "IPLD", "Multiformats"], resources: [.copy("Fixtures")],
      swiftSettings: settings),
    .target(
      name: "DecoderChecks",
      dependencies: [
        "IPFSNodeServer", "IPFSClient", "IPFSMount", "IPFSFileSystem", "Fuse", "IPFSNode", "UnixFS", "IPLD",
        "Multiformats", "TestSupport", grdb, logging,
      ] + nio,
      swiftSettings: settings),
    .executableTarget(
      name: "Fuzz", dependencies: ["DecoderChecks", "CFuzzer"], swiftSettings: settings,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ]
)
