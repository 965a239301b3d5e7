"""A tiny BERT trained from scratch by the Trainer: are more than three words among the first?"""

import sys

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed


class Sentences(Dataset):
    def __init__(self, count, seed):
        random = torch.Generator().manual_seed(seed)
        self.words = torch.randint(3, 40, (count, 12), generator=random)
        self.labels = (self.words < 14).sum(dim=1).gt(3).long()

    def __len__(self):
        return len(self.words)

    def __getitem__(self, i):
        return {
            "input_ids": self.words[i],
            "attention_mask": torch.ones(12, dtype=torch.long),
            "labels": self.labels[i],
        }


set_seed(0)
config = BertConfig(
    vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
    max_position_embeddings=16, num_labels=2,
)
model = BertForSequenceClassification(config)
arguments = TrainingArguments(
    output_dir="out", num_train_epochs=4, per_device_train_batch_size=32, per_device_eval_batch_size=64,
    learning_rate=2e-3, warmup_steps=10, weight_decay=0.01, eval_strategy="epoch",
    save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True, logging_steps=20, seed=0,
)
trainer = Trainer(model, arguments, train_dataset=Sentences(1280, 1), eval_dataset=Sentences(256, 2))
trainer.train()
if len(sys.argv) > 1:
    torch.save(model.state_dict(), sys.argv[1])
