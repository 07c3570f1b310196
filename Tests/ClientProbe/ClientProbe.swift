import Glibc
import IPFSClient
import Synchronization

/// Uses a client in a process of its own, whose memory and descriptors nobody else uses.
///
/// `client-probe ADDRESS MODE COUNT` prints the bytes of memory that were resident before and at most, how many
/// descriptors were open before and after, and how many bytes or replies came or went.
@main
enum ClientProbe {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let count = Int(arguments[3]) else { exit(2) }
    let client = try Client(ClientConfiguration(address: arguments[1], timeouts: 60))
    // Idle is with a connection that has been used.
    _ = try await client.version()
    let memory = status("VmRSS")
    await client.close()
    let descriptors = await settledDescriptorCount(0)
    let result = try await run(arguments[2], count, client)
    await client.close()
    let peak = max(status("VmHWM"), status("VmRSS"))
    print(memory, peak, descriptors, await settledDescriptorCount(descriptors), result)
  }

  private static func run(_ mode: String, _ count: Int, _ client: Client) async throws -> Int {
    switch mode {
    case "add":
      let upload = Upload.stream(Chunks(count: count), name: "big")
      return Int(try await client.add(upload).collect().first?.size ?? 0)
    case "cat": return try await length(of: client.cat("x"))
    case "get": return try await length(of: client.get("x"))
    case "export": return try await length(of: client.dag.export("x"))
    case "requests":
      return try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<count { group.addTask { try await client.block.stat(String(index)).size == index } }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
    default: exit(2)
    }
  }

  private static func length(of stream: ByteStream) async throws -> Int {
    var length = 0
    for try await chunk in stream { length += chunk.count }
    return length
  }

  /// The bytes of a line of the process's status.
  private static func status(_ name: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split { ": \t".contains($0) }
      if words.count > 1, words[0] == name { return (Int(words[1]) ?? 0) << 10 }
    }
    return 0
  }

  private static func descriptorCount() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
  }

  /// Connections are closed by threads of their own: waits a while for that.
  private static func settledDescriptorCount(_ expected: Int) async -> Int {
    var count = descriptorCount()
    for _ in 0..<200 where count > expected {
      try? await Task.sleep(for: .milliseconds(10))
      count = descriptorCount()
    }
    return count
  }
}

/// So many bytes, in chunks.
private struct Chunks: AsyncSequence, Sendable {
  let count: Int

  struct AsyncIterator: AsyncIteratorProtocol {
    private static let chunk = [UInt8](repeating: 0x5A, count: 256 << 10)
    var left: Int

    mutating func next() async -> [UInt8]? {
      guard left > 0 else { return nil }
      let count = Swift.min(left, Self.chunk.count)
      left -= count
      return count == Self.chunk.count ? Self.chunk : Array(Self.chunk.prefix(count))
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(left: count) }
}
