import Foundation
import Glibc
import IPFSClient
import RPCTestSupport
import Testing

/// Which files of a directory are sent, and as what.
struct UploadPatternTests {
  /// Whether something below a directory could match, and whether it matches itself.
  struct Choice: CustomTestStringConvertible {
    let pattern: UploadPattern
    let path: String
    var isDirectory = false
    var periodSpecial = true
    let descends: Bool
    let reports: Bool
    var testDescription: String { "\(pattern) \(path)" }
  }

  private static let images = #"[^/\\]+[/\\](IMG-\d{0,4}\.jpeg)?$"#
  private static let deep: UploadPattern = "*/**/*.dir/**/**/.hidden"

  private static func either() throws -> UploadPattern { [deep, try .regularExpression(images)] }

  static let choices: [Choice] = [
    Choice(pattern: "literal", path: "other", descends: false, reports: false),
    Choice(pattern: "literal", path: "literal", descends: false, reports: true),
    Choice(pattern: "literal", path: "literal/more", descends: false, reports: false),
    Choice(pattern: "literal/more", path: "other", descends: false, reports: false),
    Choice(pattern: "literal/more", path: "literal", descends: true, reports: false),
    Choice(pattern: "literal/more", path: "literal", isDirectory: true, descends: true, reports: true),
    Choice(pattern: "literal/more", path: "literal/more", descends: false, reports: true),
    Choice(pattern: "././//literal//./more", path: "literal/more", descends: false, reports: true),
    // Periods at the start.
    Choice(pattern: "*.a", path: ".a", descends: false, reports: false),
    Choice(pattern: "*.a", path: ".a", periodSpecial: false, descends: false, reports: true),
    Choice(pattern: "?a", path: ".a", descends: false, reports: false),
    Choice(pattern: "[.]a", path: ".a", descends: false, reports: false),
    Choice(pattern: "[!b]a", path: ".a", periodSpecial: false, descends: false, reports: true),
    Choice(pattern: ".*", path: ".a", descends: false, reports: true),
    Choice(pattern: "*.a/", path: ".a", isDirectory: true, descends: false, reports: false),
    Choice(pattern: "*.a/", path: ".a", periodSpecial: false, descends: false, reports: false),
    Choice(pattern: "*.a/", path: ".a", isDirectory: true, periodSpecial: false, descends: false, reports: true),
    // Marks that would be one character with what stands before them.
    Choice(pattern: "*", path: ".\u{301}x", descends: false, reports: false),
    Choice(pattern: ".\u{301}*", path: ".\u{301}x", descends: false, reports: true),
    Choice(pattern: "a/*", path: "a/\u{301}b", descends: false, reports: true),
    Choice(pattern: "a/\u{301}b", path: "a", descends: true, reports: false),
    // Any number of directories.
    Choice(pattern: deep, path: ".dir/.hidden", descends: false, reports: false),
    Choice(pattern: deep, path: "a/.dir/.hidden", descends: true, reports: false),
    Choice(pattern: deep, path: "a/b.dir/.hidden", descends: true, reports: true),
    Choice(pattern: deep, path: "a/u/v/w/b.dir/c/d/e/f/.hidden", descends: true, reports: true),
    Choice(pattern: "**", path: ".a", descends: true, reports: false),
    Choice(pattern: "**", path: "a/.a", descends: true, reports: false),
    Choice(pattern: "**", path: "a/.a/b", descends: true, reports: false),
    Choice(pattern: "**", path: "a/.a/b", periodSpecial: false, descends: true, reports: true),
    Choice(pattern: "**/x", path: "x", descends: true, reports: true),
    Choice(pattern: "**/x", path: "a/b/x", descends: true, reports: true),
    Choice(pattern: "**/x", path: "a/.b/x", descends: true, reports: false),
    Choice(pattern: "**/x/**", path: "a/x", descends: true, reports: false),
    Choice(pattern: "a/**", path: "a", isDirectory: true, descends: true, reports: false),
    Choice(pattern: "a/**", path: "a/b/c", descends: true, reports: true),
    // Names.
    Choice(pattern: "a*b?c", path: "aXbXbYc", descends: false, reports: true),
    Choice(pattern: "a*b?c", path: "aXbXbc", descends: false, reports: false),
    Choice(pattern: "*a*a*a*a*b", path: String(repeating: "a", count: 200), descends: false, reports: false),
    Choice(pattern: "?", path: "é", descends: false, reports: true),
    Choice(pattern: "?", path: "e\u{301}", descends: false, reports: false),
    Choice(pattern: "?", path: "\u{1F600}", descends: false, reports: true),
    Choice(pattern: "[a-cx-z]", path: "y", descends: false, reports: true),
    Choice(pattern: "[a-cx-z]", path: "-", descends: false, reports: false),
    Choice(pattern: "[!a-c]", path: "b", descends: false, reports: false),
    Choice(pattern: "[]a]", path: "]", descends: false, reports: true),
    Choice(pattern: "[!]a]", path: "b", descends: false, reports: true),
    Choice(pattern: "[!]a]", path: "]", descends: false, reports: false),
    Choice(pattern: "[a-]", path: "-", descends: false, reports: true),
    Choice(pattern: "[c-a]", path: "b", descends: false, reports: false),
    Choice(pattern: "[!c-a]", path: "b", descends: false, reports: true),
    Choice(pattern: "[abc", path: "[abc", descends: false, reports: true),
    Choice(pattern: "[!", path: "[!", descends: false, reports: true),
    Choice(pattern: "\\*", path: "\\x", descends: false, reports: true),
    Choice(pattern: "A", path: "a", descends: false, reports: false),
    // Several, and none.
    Choice(pattern: ["b", "a/c"], path: "b", descends: false, reports: true),
    Choice(pattern: ["b", "a/c"], path: "a", descends: true, reports: false),
    Choice(pattern: [], path: "???", descends: false, reports: false),
  ]

  @Test(arguments: choices) func choosesAsPythonDoes(_ choice: Choice) throws {
    let matcher = try choice.pattern.matcher(periodSpecial: choice.periodSpecial)
    #expect(matcher.shouldDescend(choice.path) == choice.descends)
    #expect(matcher.shouldReport(choice.path, choice.isDirectory) == choice.reports)
  }

  @Test func regularExpressionsFitTheStartOfAPath() throws {
    let images = try UploadPattern.regularExpression(Self.images).matcher(periodSpecial: true)
    #expect(images.shouldDescend("anything"))
    #expect(images.shouldReport("Camera/IMG-0169.jpeg", false))
    #expect(images.shouldReport("Camera", true))
    #expect(!images.shouldReport("Camera", false))
    #expect(!images.shouldReport("Camera/Thumbs.db", false))
    #expect(try !UploadPattern.regularExpression("b").matcher(periodSpecial: true).shouldReport("ab", false))
    let either = try Self.either().matcher(periodSpecial: true)
    #expect(either.shouldReport("Camera/IMG-1279.jpeg", false))
    #expect(either.shouldReport("a/b.dir/.hidden", false))
    #expect(!either.shouldReport("a/.dir/.hidden", false))
    let error = #expect(throws: ClientError.self) { try UploadPattern.regularExpression("(") }
    #expect(error?.code == .encoding)
  }

  @Test(arguments: ["", ".", "/", "/a", "../a", "a/../b", "a/**b", "***"])
  func refusesPatternsThatNeverMatch(_ text: String) {
    let error = #expect(throws: ClientError.self) { try UploadPattern.glob(text).matcher(periodSpecial: true) }
    #expect(error?.code == .encoding)
  }

  /// How directories are searched.
  private struct Scan {
    var recursive = false
    var pattern: UploadPattern?
    var periodSpecial = true
    var followSymlinks = false
  }

  /// The parts that are sent: names with a letter for the kind.
  private func parts(_ uploads: Upload..., scan: Scan = Scan(recursive: true)) async throws -> [String] {
    let transport = ScriptedTransport()
    let client = Client(transport: transport)
    let directory = Upload.directory(name: "x", uploads)
    _ = try await client.add(
      directory, recursive: scan.recursive, pattern: scan.pattern, periodSpecial: scan.periodSpecial,
      followSymlinks: scan.followSymlinks
    ).collect()
    // Without the directory that is around all.
    return transport.parts.dropFirst().map { part in
      let kind = ["application/x-directory": "d", "application/symlink": "l"][part.headers["content-type"] ?? ""]
      return "\(kind ?? "f") \((part.parameter("filename") ?? "").dropFirst(2))"
    }
  }

  /// The tree that ipfshttpclient's own tests use, with hidden files.
  private func tree() throws -> LocalTree {
    let tree = try LocalTree()
    for name in [
      "fake/fsdfgh", "fake/popoiopiu", "fake/test2/fssdf", "fake/test2/llllg", "fake/test2/high/five/dummy",
      "fake/test3/ppppoooooooooo", "hidden/.gitignore", "hidden/.git/config", "hidden/sub/.x", "hidden/sub/y",
    ] { try tree.write(name) }
    return tree
  }

  @Test func withoutRecursionOneLevelIsSent() async throws {
    let tree = try tree()
    #expect(
      try await parts(.path(tree.path + "/fake"), scan: Scan())
        == ["d fake", "f fake/fsdfgh", "f fake/popoiopiu", "d fake/test2", "d fake/test3"])
    #expect(
      try await parts(.path(tree.path + "/fake/"), scan: Scan(pattern: "**/fss*")) == ["d fake"])
    #expect(
      try await parts(.path(tree.path + "/hidden"), scan: Scan()) == [
        "d hidden", "d hidden/.git", "f hidden/.gitignore", "d hidden/sub",
      ])
  }

  @Test func patternsChooseAndTheDirectoriesAboveAreSent() async throws {
    let tree = try tree()
    let scan = Scan(recursive: true)
    func names(_ folder: String, _ pattern: UploadPattern?, periodSpecial: Bool = true) async throws -> [String] {
      var scan = scan
      scan.pattern = pattern
      scan.periodSpecial = periodSpecial
      return try await parts(.path(tree.path + "/" + folder), scan: scan)
    }
    #expect(
      try await names("fake", nil) == [
        "d fake", "f fake/fsdfgh", "f fake/popoiopiu", "d fake/test2", "f fake/test2/fssdf", "d fake/test2/high",
        "d fake/test2/high/five", "f fake/test2/high/five/dummy", "f fake/test2/llllg", "d fake/test3",
        "f fake/test3/ppppoooooooooo",
      ])
    #expect(try await names("fake", "**/fss*") == ["d fake", "d fake/test2", "f fake/test2/fssdf"])
    #expect(try await names("fake", "test2/./////./**/high//.") == ["d fake", "d fake/test2", "d fake/test2/high"])
    #expect(
      try await names("fake", "**/dummy") == [
        "d fake", "d fake/test2", "d fake/test2/high", "d fake/test2/high/five", "f fake/test2/high/five/dummy",
      ])
    #expect(try await names("fake", ["test3", "f*"]) == ["d fake", "f fake/fsdfgh", "d fake/test3"])
    #expect(try await names("fake", []) == ["d fake"])
    #expect(try await names("hidden", "**") == ["d hidden", "d hidden/sub", "f hidden/sub/y"])
    #expect(try await names("hidden", ".*") == ["d hidden", "d hidden/.git", "f hidden/.gitignore"])
    #expect(
      try await names("hidden", "*", periodSpecial: false) == [
        "d hidden", "d hidden/.git", "f hidden/.gitignore", "d hidden/sub",
      ])
    #expect(try await names("hidden", "**", periodSpecial: false) == names("hidden", nil))
    #expect(
      try await names(
        "fake",
        .custom(
          shouldDescend: { $0 == "test2" }, shouldReport: { path, isDirectory in !isDirectory && path.hasSuffix("g") }))
        == ["d fake", "d fake/test2", "f fake/test2/llllg"])
  }

  @Test func whatWasNamedIsSentWhateverThePatternSays() async throws {
    let tree = try tree()
    let inner = Upload.directory(name: "d", [.path(tree.path + "/hidden"), .text("t", name: "t")])
    #expect(
      try await parts(
        .path(tree.path + "/fake/fsdfgh"), .bytes([1], name: "b"), inner, scan: Scan(recursive: true, pattern: "sub/*"))
        == ["f fsdfgh", "f b", "d d", "d d/hidden", "d d/hidden/sub", "f d/hidden/sub/y", "f d/t"])
  }

  @Test func symbolicLinksAreSentAsSuchOrFollowed() async throws {
    let tree = try LocalTree()
    try tree.write("root/file")
    try tree.write("other/x")
    try tree.link("root/dir", to: "../other")
    try tree.link("root/broken", to: "nowhere")
    try tree.link("link", to: "root/file")
    let root = Upload.path(tree.path + "/root")
    let scan = Scan(recursive: true)
    #expect(try await parts(root, scan: scan) == ["d root", "l root/broken", "l root/dir", "f root/file"])
    // One that was named is what it points to.
    #expect(try await parts(.path(tree.path + "/link"), scan: scan) == ["f link"])
    var following = Scan(recursive: true, followSymlinks: true)
    await #expect(throws: ClientError.self) { try await parts(root, scan: following) }
    try run("rm '\(tree.path)/root/broken'")
    #expect(try await parts(root, scan: following) == ["d root", "d root/dir", "f root/dir/x", "f root/file"])
    // Without following, a link is no directory for a pattern.
    #expect(try await parts(root, scan: Scan(recursive: true, pattern: "*/")) == ["d root"])
    following.pattern = "*/"
    #expect(try await parts(root, scan: following) == ["d root", "d root/dir"])
    following.pattern = nil
    try tree.link("other/loop", to: "../root")
    let error = await #expect(throws: ClientError.self) { try await parts(root, scan: following) }
    #expect(error?.code == .encoding)
    #expect(error?.message.contains("leads back") == true)
  }

  @Test func aLinkThatTakesTheirPlaceIsNotFollowed() async throws {
    for name in ["file", "folder"] {
      let tree = try LocalTree()
      try tree.write("secret/text", "secret")
      try tree.write("root/file", "file")
      try tree.write("root/folder/text", "text")
      // Looked at, and not yet opened.
      let pattern = UploadPattern.custom { [path = tree.path] found, _ in
        if found == name {
          #expect(rename("\(path)/root/\(name)", "\(path)/old") == 0)
          #expect(symlink(name == "file" ? "../secret/text" : "../secret", "\(path)/root/\(name)") == 0)
        }
        return true
      }
      let client = Client(transport: ScriptedTransport())
      let error = await #expect(throws: ClientError.self) {
        _ = try await client.add(.path(tree.path + "/root"), recursive: true, pattern: pattern).collect()
      }
      #expect(error?.code == .encoding)
    }
  }

  @Test func namesThatAreNotUTF8AreSentAsTheyAre() async throws {
    let tree = try LocalTree()
    let directory: [UInt8] = Array(tree.path.utf8) + Array("/d/".utf8)
    try tree.write("d/a")
    for name: [UInt8] in [[0xFF], [0xC3, 0xA9], [0xC3], [10, 34]] {
      let path = (directory + name + [0]).map { CChar(bitPattern: $0) }
      let descriptor = open(path, O_CREAT | O_WRONLY, 0o644)
      #expect(descriptor >= 0)
      close(descriptor)
    }
    #expect(
      try await parts(.path(tree.path + "/d"), scan: Scan()) == [
        "d d", "f d/%0A%22", "f d/a", "f d/%C3", "f d/%C3%A9", "f d/%FF",
      ])
    // Each such name is one character for a pattern.
    #expect(
      try await parts(.path(tree.path + "/d"), scan: Scan(pattern: "?")) == [
        "d d", "f d/a", "f d/%C3", "f d/%C3%A9", "f d/%FF",
      ])
  }

  @Test func otherKindsAreLeftOutUnlessTheyWereNamed() async throws {
    let tree = try LocalTree()
    try tree.write("d/a")
    #expect(mkfifo(tree.path + "/d/pipe", 0o600) == 0)
    #expect(try await parts(.path(tree.path + "/d"), scan: Scan()) == ["d d", "f d/a"])
    let error = await #expect(throws: ClientError.self) { try await parts(.path(tree.path + "/d/pipe"), scan: Scan()) }
    #expect(error?.code == .encoding)
  }
}
