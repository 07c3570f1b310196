import Foundation

/// A reply whose body is being read, by one task.
struct Reply: Sendable {
  let command: String
  let response: TransportResponse
  /// How many bytes of the body have come.
  private var received: Int64 = 0
  /// How many must come; nil if the daemon does not say.
  private var expected: Int64?
  /// What has come, if it is kept.
  private(set) var record: [UInt8]?

  /// The most bytes that are read of a reply that stands for an error.
  private static let errorLimit = 1 << 20

  init(command: String, response: TransportResponse) {
    self.command = command
    self.response = response
  }

  /// Takes the header `X-Content-Length` as the body's length.
  mutating func expectContentLength() {
    expected = response.headers["X-Content-Length"].flatMap { Int64($0) }
  }

  /// Keeps all that comes, for an error's `partial`.
  mutating func keepRecord() {
    record = []
  }

  /// Checks that this is a daemon's reply to a command that it could begin.
  func checkHead() async throws {
    let type = response.headers["Content-Type"] ?? ""
    if type.lowercased().hasPrefix("text/html") {
      throw ClientError(.protocol, "a web page came instead of a daemon's reply", status: response.status)
    }
    switch response.status {
    case 200..<300: return
    case 300..<400:
      throw ClientError(
        .protocol, "redirects are not followed: \(response.headers["Location"] ?? "")", status: response.status)
    default: throw await statusError()
    }
  }

  /// The error of a reply with a status that stands for one.
  private func statusError() async -> any Error {
    var bytes: [UInt8] = []
    do {
      while bytes.count < Self.errorLimit, let chunk = try await response.body.next() { bytes += chunk }
    } catch let error as CancellationError {
      return error
    } catch {
      // The status says enough where its description was cut.
    }
    if let error = DaemonError(bytes) {
      return ClientError(.errorResponse, error.message, status: response.status, daemonCode: error.code)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return ClientError(
      .status, text.isEmpty ? "HTTP status \(response.status)" : String(text.prefix { !$0.isNewline }),
      status: response.status)
  }

  /// Waits for the next chunk; nil at the end of a complete body.
  nonisolated(nonsending) mutating func next() async throws -> [UInt8]? {
    do {
      if let chunk = try await response.body.next() {
        received += Int64(chunk.count)
        record? += chunk
        return chunk
      }
      if let message = response.body.trailers["X-Stream-Error"] {
        throw ClientError(.partialErrorResponse, message, status: response.status)
      }
      if let expected, received != expected {
        throw ClientError(
          .partialErrorResponse, "\(received) bytes came of \(expected)", status: response.status)
      }
      return nil
    } catch var error as ClientError {
      error.partial = record ?? []
      throw error.of(command)
    }
  }

  /// Waits for all of the body. An error has what had come.
  ///
  /// - Throws: `decoding` for more than `limit` bytes.
  mutating func collect(limit: Int64 = .max) async throws -> [UInt8] {
    keepRecord()
    while try await next() != nil {
      guard received <= limit else {
        throw ClientError(.decoding, "a value of more than \(limit) bytes", command: command, status: response.status)
      }
    }
    return record ?? []
  }
}

/// An error as the daemon writes it (`Error` of go-ipfs-cmds).
struct DaemonError: Decodable {
  let message: String
  let code: Int?
  /// `error`.
  let type: String?

  private enum CodingKeys: String, CodingKey {
    case message = "Message"
    case code = "Code"
    case type = "Type"
  }

  /// How the text of one begins.
  private static let opening = Array(#"{"Message":"#.utf8)

  init?(_ bytes: some Collection<UInt8>) {
    guard let error = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
    self = error
  }

  /// One in place of a value amid a reply, for daemons that have no trailer `X-Stream-Error`.
  init?(insteadOfValue bytes: some Collection<UInt8>) {
    guard bytes.starts(with: Self.opening) else { return nil }
    self.init(bytes)
    if type != "error" { return nil }
  }
}
