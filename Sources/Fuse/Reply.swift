internal import CFuse3
internal import Glibc
internal import Logging

/// The one answer to a request. Answering consumes it, so that a second answer does not compile; one that is dropped
/// answers EIO, so that nobody waits for ever.
///
/// The methods return what libfuse does: 0, or `-ENOENT` if the caller was killed meanwhile and the answer came to
/// nobody.
package struct Reply: ~Copyable {
  /// Retained, and not a plain reference, because only then can a method that answers discard the deinitialiser.
  private let request: Unmanaged<Request>

  init(_ request: Request) {
    self.request = .passRetained(request)
  }

  deinit {
    let request = request.takeRetainedValue()
    request.dispatcher.logger.error("request was not answered")
    request.willAnswer()
    fuse_reply_err(request.raw, EIO)
  }

  private consuming func send(_ body: (fuse_req_t) -> Int32) -> Int32 {
    let request = request.takeRetainedValue()
    discard self
    request.willAnswer()
    return body(request.raw)
  }

  consuming func error(_ error: Errno) {
    // libfuse takes 1 to 999 for an error number, and 0 means success.
    let number = 1...999 ~= error.rawValue ? error.rawValue : EIO
    _ = send { fuse_reply_err($0, number) }
  }

  consuming func success() {
    _ = send { fuse_reply_err($0, 0) }
  }

  consuming func none() {
    _ = send { request in
      fuse_reply_none(request)
      return 0
    }
  }

  consuming func entry(_ entry: Entry) -> Int32 {
    var parameters = entry.parameters
    return send { fuse_reply_entry($0, &parameters) }
  }

  consuming func created(_ created: CreatedFile) -> Int32 {
    var parameters = created.entry.parameters
    var info = created.file.info
    return send { fuse_reply_create($0, &parameters, &info) }
  }

  consuming func attributes(_ attributes: NodeAttributes) {
    var stat = attributes.attributes.stat
    _ = send { fuse_reply_attr($0, &stat, attributes.timeout) }
  }

  consuming func open(_ file: OpenFile) -> Int32 {
    var info = file.info
    return send { fuse_reply_open($0, &info) }
  }

  consuming func written(_ count: Int) {
    _ = send { fuse_reply_write($0, count) }
  }

  consuming func bytes(_ bytes: UnsafeRawBufferPointer) {
    _ = send { fuse_reply_buf($0, bytes.baseAddress, bytes.count) }
  }

  consuming func bytes(_ bytes: [UInt8]) {
    _ = send { request in bytes.withUnsafeBytes { fuse_reply_buf(request, $0.baseAddress, $0.count) } }
  }

  consuming func statistics(_ statistics: FileSystemStatistics) {
    var statvfs = statistics.statvfs
    _ = send { fuse_reply_statfs($0, &statvfs) }
  }

  /// Answers a question for an extended attribute: its length if the caller has no space for it yet.
  consuming func attribute(_ value: [UInt8], space: Int) {
    if space == 0 {
      _ = send { fuse_reply_xattr($0, value.count) }
    } else if value.count > space {
      error(.outOfRange)
    } else {
      bytes(value)
    }
  }

  consuming func offset(_ offset: UInt64) {
    _ = send { fuse_reply_lseek($0, Int(clamping: offset)) }
  }
}
