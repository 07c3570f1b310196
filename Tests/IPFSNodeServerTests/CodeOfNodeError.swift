import IPFSNode

/// The code of the error that a call of a node throws; nil if it throws none, or another one.
func codeOfNodeError(_ body: () async throws -> Void) async -> NodeError.Code? {
  do {
    try await body()
    return nil
  } catch {
    return (error as? NodeError)?.code
  }
}
