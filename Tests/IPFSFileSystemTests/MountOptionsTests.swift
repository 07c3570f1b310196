import Foundation
import IPFSMount
import IPFSNode
import Multiformats
import Testing
import UnixFS

/// The command line of `mount.swipfs`.
@Suite struct MountOptionsTests {
  private func parse(_ arguments: String..., byMount: Bool = false) throws(CommandError) -> MountOptions {
    try MountOptions(arguments: arguments, isCalledByMount: byMount)
  }

  private func refusal(_ arguments: String..., byMount: Bool = false) -> CommandError? {
    do throws(CommandError) {
      _ = try MountOptions(arguments: arguments, isCalledByMount: byMount)
      return nil
    } catch {
      return error
    }
  }

  @Test func defaults() throws {
    let options = try parse("/mnt")
    #expect(options.mountPoint == "/mnt")
    #expect(options.source == "mfs")
    #expect(options.backend == .auto)
    #expect(options.repo == Repo.defaultPath())
    #expect(!options.isForeground && !options.isDebug && !options.isFake)
    #expect(!options.isReadOnly && !options.allowsOther && options.cachesWrites)
    #expect(options.logFile == nil)
    #expect(options.kernelOptions.isEmpty)
    #expect(options.importOptions == ImportOptions())
  }

  @Test func importOptions() throws {
    let options = try parse("/mnt", "-o", "chunker=size-256,cid-version=0,raw-leaves=false,max-file-links=4")
    var expected = ImportOptions()
    expected.chunker = .fixed(256)
    expected.cidVersion = .v0
    expected.rawLeaves = false
    expected.maxFileLinks = 4
    #expect(options.importOptions == expected)
    let content = try parse(
      "/mnt", "-o", "chunker=rabin-16-32-64,trickle,hash=blake2b-256,inline,inline-limit=64"
    ).importOptions
    expected = ImportOptions()
    expected.chunker = .rabin(minimum: 16, average: 32, maximum: 64)
    expected.layout = .trickle
    expected.hashFunction = .blake2b_256
    expected.inlines = true
    expected.inlineLimit = 64
    #expect(content == expected)
    #expect(try content.profile(over: .kuboDefault).cidVersion == .v1)
    #expect(try parse("/mnt", "-o", "inline").importOptions.profile(over: .kuboDefault).inlineLimit == 32)
    #expect(try parse("/mnt", "-o", "trickle=false").importOptions.layout == .balanced)
    // What is not said is as it was.
    let one = try parse("/mnt", "-o", "max-file-links=174").importOptions
    #expect(try one.profile(over: .unixfsV1_2025).chunkSize == 1 << 20)
    #expect(try one.profile(over: .unixfsV1_2025).maxFileLinks == 174)
  }

  @Test func everyOption() throws {
    let options = try parse(
      "mfs", "/mnt", "-f", "-o", "api=embedded,repo=/r,ro,allow_other,writeback=no,log=/l", "-onosuid,nodev")
    #expect(options.source == "mfs")
    #expect(options.mountPoint == "/mnt")
    #expect(options.isForeground)
    #expect(options.backend == .embedded)
    #expect(options.repo == "/r")
    #expect(options.isReadOnly)
    #expect(options.allowsOther)
    #expect(!options.cachesWrites)
    #expect(options.logFile == "/l")
    #expect(options.kernelOptions == ["nosuid", "nodev"])
    #expect(try parse("/mnt", "-o", "writeback=no,writeback=yes,api=auto").cachesWrites)
    #expect(try parse("/mnt", "-o", "ro,rw").isReadOnly == false)
    #expect(try parse("/mnt", "-d").isForeground)
    #expect(try parse("/mnt", "-d").isDebug)
  }

  @Test func relativePathsBecomeAbsolute() throws {
    let here = FileManager.default.currentDirectoryPath
    let options = try parse("m", "-o", "repo=r,log=l=1")
    #expect(options.repo == "\(here)/r")
    #expect(options.logFile == "\(here)/l=1")
  }

  @Test func mountPassesWhatMeansNothingHere() throws {
    let options = try parse(
      "none", "/mnt", "-s", "-n", "-v", "-t", "swipfs", "-o",
      "rw,noauto,nofail,_netdev,user,x-systemd.automount,x-any=1,comment=hello,relatime,,defaults", byMount: true)
    #expect(options.kernelOptions.isEmpty)
    #expect(!options.isReadOnly)
    #expect(options.mountPoint == "/mnt")
  }

  @Test func theLetterFMeansFakeUnderMount() throws {
    let called = try parse("mfs", "/mnt", "-f", byMount: true)
    #expect(called.isFake && !called.isForeground)
    let direct = try parse("mfs", "/mnt", "-f")
    #expect(direct.isForeground && !direct.isFake)
  }

  @Test func whatIsWrongIsNamed() {
    for (error, part) in [
      (refusal("/mnt", "-o", "nonsense"), "nonsense"), (refusal("/mnt", "-o", "chunker=gear"), "chunker=gear"),
      (refusal("/mnt", "-o", "chunker=size-0"), "chunker=size-0"), (refusal("/mnt", "-o", "chunker"), "chunker"),
      (refusal("/mnt", "-o", "chunker=size-2097152"), "2096896"), (refusal("/mnt", "-o", "cid-version=2"), "0 or 1"),
      (refusal("/mnt", "-o", "raw-leaves=yes"), "true or false"),
      (refusal("/mnt", "-o", "hash=md5"), "hash=md5"), (refusal("/mnt", "-o", "hash=identity"), "hash=identity"),
      (refusal("/mnt", "-o", "inline-limit=129"), "128"), (refusal("/mnt", "-o", "chunker=rabin-1-2-3"), "rabin"),
      (refusal("/mnt", "-o", "max-file-links=1"), "max-file-links=1"),
      (refusal("/mnt", "-o", "repo="), "repo="), (refusal("/mnt", "-o", "repo"), "repo"),
      (refusal("/mnt", "-o", "writeback=perhaps"), "writeback=perhaps"), (refusal("/mnt", "-o", "ro=1"), "ro=1"),
      (refusal("/mnt", "-o", "api=/ip4/127.0.0.1/tcp/5001"), "api=/ip4/127.0.0.1/tcp/5001"),
      (refusal("/mnt", "-o"), "-o"), (refusal("/mnt", "--what"), "--what"), (refusal(), "mount point"),
      (refusal("a", "b", "c"), "too many"), (refusal("/ipfs/Qm", "/mnt"), "/ipfs/Qm"),
    ] {
      #expect(error?.exitCode == .usage)
      #expect(error?.description.contains(part) == true, "\(part)")
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test func aConfiguredKuboIsNotPassedOver() throws {
    let home = try TemporaryFolder()
    var options = try parse("/mnt")
    func refusal(_ environment: [String: String]) -> CommandError? {
      do throws(CommandError) {
        try options.checkBackend(environment: environment)
        return nil
      } catch {
        return error
      }
    }
    #expect(refusal(["HOME": home.path]) == nil)
    #expect(refusal(["HOME": home.path, "IPFS_API": "", "IPFS_PATH": ""]) == nil)
    let byVariable = refusal(["HOME": home.path, "IPFS_API": "/ip4/127.0.0.1/tcp/5001"])
    #expect(byVariable?.exitCode == .usage)
    #expect(byVariable?.description.contains("/ip4/127.0.0.1/tcp/5001") == true)
    #expect(byVariable?.description.contains("api=embedded") == true)

    try FileManager.default.createDirectory(atPath: "\(home.path)/.ipfs", withIntermediateDirectories: false)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(home.path)/.ipfs/config"))
    #expect(refusal(["HOME": home.path])?.description.contains("\(home.path)/.ipfs") == true)
    #expect(refusal(["HOME": "/nowhere", "IPFS_PATH": "\(home.path)/.ipfs"])?.exitCode == .usage)
    #expect(refusal(["HOME": home.path, "IPFS_PATH": "/nowhere"]) == nil)

    options.backend = .embedded
    #expect(refusal(["HOME": home.path, "IPFS_API": "/ip4/127.0.0.1/tcp/5001"]) == nil)
  }

  @Test func exitCodesAreDocumented() {
    let codes = Dictionary(uniqueKeysWithValues: ExitCode.allCases.map { ($0, $0.rawValue) })
    #expect(codes == [.success: 0, .usage: 1, .system: 2, .repo: 3, .data: 4, .node: 5, .refused: 6, .mount: 32])
    // A mount has no use for the two that are about a node elsewhere.
    #expect(
      MountOptions.usage.contains(
        "Exit codes: 0 done, 1 wrong usage, 2 system, 3 repo, 4 data, 32 mount point."))
  }
}
