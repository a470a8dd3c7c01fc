#pragma once

namespace latchkey::http {

// While one lives, answers that its thread gives wait for its end and then come to each I/O thread
// together: the thread is woken once instead of once per answer. For threads that answer many
// requests in a row, such as the store's writer after a commit; never on an I/O thread, whose own
// answers are not delayed. An inner one leaves all to the outer one.
class AnswerBatch {
 public:
  AnswerBatch();
  ~AnswerBatch();
  AnswerBatch(const AnswerBatch&) = delete;
  AnswerBatch& operator=(const AnswerBatch&) = delete;

 private:
  bool outer_ = false;
};

}  // namespace latchkey::http
