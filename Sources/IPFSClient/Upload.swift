/// A file or directory to send to the daemon.
///
/// A string literal is a path of this system. Of a directory's entries, names that are not UTF-8 are sent as they are.
/// A file that changes while it is sent is added as it is read. Below a directory, what is no file, directory or
/// symbolic link is left out.
public struct Upload: Sendable, ExpressibleByStringLiteral {
  enum Content: Sendable {
    case path(LocalPath)
    case bytes([UInt8])
    case stream(@Sendable () -> TransportBody.Next)
    case symbolicLink(target: String)
    case directory([Upload])
  }

  let content: Content
  /// The name that the daemon sees; nil for the path's last component, or none.
  let name: String?

  init(_ content: Content, name: String?) {
    self.content = content
    self.name = name
  }

  /// A file or directory of this system.
  public static func path(_ path: String, name: String? = nil) -> Upload {
    Upload(.path(Array(path.utf8)), name: name)
  }

  /// A file or directory of this system.
  public init(stringLiteral path: String) { self.init(.path(Array(path.utf8)), name: nil) }

  /// A file of bytes.
  public static func bytes(_ bytes: some Sequence<UInt8>, name: String? = nil) -> Upload {
    Upload(.bytes(Array(bytes)), name: name)
  }

  /// A file of a text in UTF-8.
  public static func text(_ text: String, name: String? = nil) -> Upload {
    Upload(.bytes(Array(text.utf8)), name: name)
  }

  /// A file of chunks, taken no faster than the daemon reads them.
  public static func stream<Chunks: AsyncSequence & Sendable>(
    _ chunks: Chunks, name: String? = nil
  ) -> Upload where Chunks.Element: Sequence<UInt8> {
    let makeReader: @Sendable () -> TransportBody.Next = {
      var iterator = chunks.makeAsyncIterator()
      return { try await iterator.next().map { Array($0) } }
    }
    return Upload(.stream(makeReader), name: name)
  }

  /// A symbolic link.
  public static func symbolicLink(name: String, target: String) -> Upload {
    Upload(.symbolicLink(target: target), name: name)
  }

  /// A directory made of named entries.
  public static func directory(name: String, _ entries: [Upload]) -> Upload {
    Upload(.directory(entries), name: name)
  }
}
