/// A node of a tree that is put into another one whole.
public struct GraftedNode: Sendable {
  /// Where the directory that it is in stands in the list: before it. Nil for the first one.
  public var parent: Int?
  /// Its name there.
  public var name: EntryName
  /// Mode, owner and times.
  public var attributes: Attributes
  /// What it holds. A directory's count of subdirectories is computed.
  public var content: NodeContent
  /// A directory's DAG.
  public var dag: DAGRoot?

  /// Makes a node.
  public init(parent: Int?, name: EntryName, attributes: Attributes, content: NodeContent, dag: DAGRoot?) {
    self.parent = parent
    self.name = name
    self.attributes = attributes
    self.content = content
    self.dag = dag
  }
}
